"""Read what integrations of Sentry post.

Which resource a body is about stands in a header that is not signed. So it is told from the body's own fields.
https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.signals.fields import (
    NAME,
    TEXT,
    Arrival,
    clean,
    clean_line,
    find,
    find_list,
    find_map,
    find_sha,
    find_text,
    make_digest,
    make_links,
    raw_text,
    read_moment,
)
from bot.signals.frames import read_frame
from bot.signals.labels import read_severity
from bot.signals.records import Frame, Signal, SignalKind

_MOST_FRAMES = 50  # of one exception
_MOST_CAUSES = 4
_ISSUE: dict[str, SignalKind] = {
    "created": "error_new",
    "unresolved": "error_again",
    "resolved": "error_resolved",
}
_METRIC: dict[str, SignalKind] = {
    "critical": "alert_firing",
    "warning": "alert_firing",
    "open": "alert_firing",
    "resolved": "alert_resolved",
}
_OUTAGES = frozenset({"outage", "uptime", "cron", "metric_alert", "metric"})


def read(body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return the signal of an issue, an event or a metric alert."""
    action, data = find_text(body, "action"), find_map(body, "data")
    if metric := find_map(data, "metric_alert"):
        found = _read_metric(action, metric, data, arrival)
    elif event := find_map(data, "event") or find_map(data, "error"):
        found = _read_event(event, arrival)
    else:
        found = _read_issue(action, find_map(data, "issue"), arrival)
    return () if found is None else (found,)


def _read_issue(action: str, issue: Mapping[str, Any], arrival: Arrival) -> Signal | None:
    number, category = find_text(issue, "id"), find_text(issue, "issueCategory").lower()
    kind = _ISSUE.get(action)
    if kind is None or not number or category not in _OUTAGES | {"", "error"}:
        return None
    if category in _OUTAGES:
        kind = "alert_resolved" if kind == "error_resolved" else "alert_firing"
    metadata = find_map(issue, "metadata")
    news = (number, action, find_text(issue, "substatus"), find_text(issue, "lastSeen"))
    return Signal(
        source="sentry",
        kind=kind,
        state_key=f"sentry:{make_digest(*news)}",
        incident_key=f"sentry:{make_digest(number)}",
        joins=_name_place(find_text(metadata, "filename", most=500), find_text(metadata, "type")),
        delivery=arrival.delivery,
        title=clean_line(raw_text(find(issue, "title")) or "Sentry issue"),
        text=clean(raw_text(find(metadata, "value")), TEXT),
        severity=_read_level(issue),
        started=read_moment(find(issue, "lastSeen" if kind == "error_again" else "firstSeen"), arrival.received),
        service=find_text(issue, "project", "slug"),
        links=make_links([("Issue", find(issue, "web_url") or find(issue, "permalink"))]),
        labels=_show(issue, ("shortId", "culprit", "substatus", "issueCategory", "count"), arrival),
    )


def _read_event(event: Mapping[str, Any], arrival: Arrival) -> Signal | None:
    number = find_text(event, "issue_id")
    if not number:
        return None
    causes = [each for each in find_list(event, "exception", "values")[:_MOST_CAUSES] if isinstance(each, Mapping)]
    frames = read_frames(causes)
    ours = next((frame.path for frame in reversed(frames) if frame.in_app and frame.path), "")
    first = causes[0] if causes else {}
    tags = _read_tags(event)
    release = raw_text(find(event, "release")) or tags.get("release", "")
    return Signal(
        source="sentry",
        kind="error_new",
        state_key=f"sentry:{make_digest(number, 'event')}",
        incident_key=f"sentry:{make_digest(number)}",
        joins=_name_place(ours, find_text(first, "type")),
        delivery=arrival.delivery,
        title=clean_line(raw_text(find(event, "title")) or _name_exception(first) or "Sentry error"),
        text=clean("\n".join(_name_exception(each) for each in reversed(causes)), TEXT),
        severity=_read_level(event),
        started=read_moment(find(event, "datetime") or find(event, "timestamp"), arrival.received),
        service=clean_line(tags.get("service", "")),
        environment=clean_line(raw_text(find(event, "environment")) or tags.get("environment", "")),
        sha=find_sha(release),
        frames=frames,
        links=make_links([("Event", find(event, "web_url"))]),
        labels=_show(event, ("culprit", "release", "platform", "level", "event_id"), arrival),
    )


def _read_metric(action: str, alert: Mapping[str, Any], data: Mapping[str, Any], arrival: Arrival) -> Signal | None:
    kind, number = _METRIC.get(action), find_text(alert, "id")
    if kind is None or not number:
        return None
    began = find(alert, "date_started")
    name = raw_text(find(data, "description_title")) or raw_text(find(alert, "alert_rule", "name"))
    return Signal(
        source="sentry",
        kind=kind,
        state_key=f"sentry:{make_digest('metric', number, action, raw_text(began))}",
        incident_key=f"sentry:{make_digest('metric', number)}",
        delivery=arrival.delivery,
        title=clean_line(name or "Sentry metric alert"),
        text=clean(raw_text(find(data, "description_text")), TEXT),
        severity=read_severity(action),
        started=read_moment(began, arrival.received),
        environment=find_text(alert, "alert_rule", "environment"),
        links=make_links([("Alert", find(data, "web_url"))]),
        labels=_show(alert, ("identifier", "status"), arrival),
    )


def read_frames(causes: list[Mapping[str, Any]]) -> tuple[Frame, ...]:
    """Return the frames of a chain of exceptions: where it began stands last.

    Causes come first in the chain, and the newest frame last in each.
    """
    found = [read_frame(frame) for each in reversed(causes) for frame in _list_frames(each)]
    return tuple(frame for frame in found if frame is not None)


def _list_frames(cause: Mapping[str, Any]) -> list[Any]:
    return find_list(cause, "stacktrace", "frames")[-_MOST_FRAMES:]


def _name_exception(cause: Mapping[str, Any]) -> str:
    kind, value = find_text(cause, "type"), raw_text(find(cause, "value"))[:TEXT]
    return f"{kind}: {value}" if kind and value else kind or value


def _name_place(path: str, exception: str) -> tuple[str, ...]:
    """Return the name under which other sources may know the same error."""
    return (f"error:{make_digest(path, exception)}",) if path and exception else ()


def _read_level(data: Mapping[str, Any]) -> Any:
    return read_severity(find_text(data, "level") or "error")


def _read_tags(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags, which come as a list of pairs."""
    pairs = [each for each in find_list(event, "tags")[:100] if isinstance(each, list) and len(each) == 2]
    return {raw_text(name)[:NAME]: raw_text(value)[:NAME] for name, value in pairs}


def _show(data: Mapping[str, Any], names: tuple[str, ...], arrival: Arrival) -> dict[str, str]:
    shown = {name: clean_line(raw_text(find(data, name)), 300) for name in names}
    return {name: value for name, value in shown.items() if value} | {"source_name": arrival.name}
