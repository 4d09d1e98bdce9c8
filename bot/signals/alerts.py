"""Read groups of alerts, which Alertmanager and Grafana send in one shape."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from bot.signals.fields import (
    TEXT,
    Arrival,
    clean,
    clean_line,
    find,
    find_list,
    find_map,
    find_text,
    make_digest,
    make_links,
    raw_text,
    read_moment,
    read_pairs,
    share_text,
    show_pairs,
)
from bot.signals.labels import find_environment, find_kin, find_service, find_trouble, read_severity
from bot.signals.records import Signal, SignalKind

_MOST_ALERTS = 1_000  # of one body; more are named by one signal
_KINDS: dict[str, SignalKind] = {"firing": "alert_firing", "resolved": "alert_resolved"}
_TOLD = ("summary", "description", "message")
_LINKED = (("Runbook", "runbook_url"), ("Dashboard", "dashboard_url"))


def read_alerts(source: str, body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return a signal for each alert, and one for alerts that were left out.

    The version is not looked at, since senders can template the whole body. A resolved alert is told as such where no
    other of the same trouble fires; that it is healed nobody says.
    """
    listed = [each for each in find_list(body, "alerts") if isinstance(each, Mapping)]
    most = share_text(len(listed))
    read_ones = (_read_alert(source, body, each, arrival, most) for each in listed[:_MOST_ALERTS])
    shown = [one for one in read_ones if one is not None]
    rest = _read_rest(source, body, len(listed), shown, arrival)
    kin = _find_group(body, shown)
    return (*(one.model_copy(update={"joins": (*one.joins, *kin)}) for one in shown), *rest)


def _read_alert(
    source: str, body: Mapping[str, Any], alert: Mapping[str, Any], arrival: Arrival, most: int
) -> Signal | None:
    labels = read_pairs(find(alert, "labels"))
    kind = _KINDS.get(raw_text(find(alert, "status")) or raw_text(find(body, "status")))
    if kind is None or not labels:
        return None
    notes = read_pairs(find(alert, "annotations"))
    began = raw_text(find(alert, "startsAt"))
    alone = make_digest(*(text for pair in labels.items() for text in pair))
    kin = find_kin(labels)
    links = [(title, notes.get(name)) for title, name in _LINKED]
    links += [("Alert", find(alert, "generatorURL")), ("Dashboard", find(alert, "dashboardURL"))]
    return Signal(
        source=source,
        kind=kind,
        state_key=f"{source}:{alone}:{make_digest(began)[:16]}:{kind}",
        incident_key=f"{source}:{find_trouble(labels)}",
        joins=(kin,) if kin else (),
        delivery=arrival.delivery,
        title=_title(labels, notes),
        text=_tell(notes, raw_text(find(alert, "valueString")), most),
        severity=read_severity(labels.get("severity", "")),
        started=read_moment(find(alert, "startsAt"), arrival.received),
        service=find_service(labels),
        environment=find_environment(labels),
        links=make_links(links),
        labels=show_pairs(labels) | {"source_name": arrival.name, "alert": alone},
    )


def _title(labels: Mapping[str, str], notes: Mapping[str, str]) -> str:
    name = labels.get("alertname") or "Alert"
    summary = notes.get("summary") or notes.get("message") or ""
    return clean_line(f"{name}: {summary}" if summary else name)


def _tell(notes: Mapping[str, str], values: str, most: int) -> str:
    told = [notes[name] for name in _TOLD if notes.get(name)]
    return clean("\n\n".join([*told, *([f"Values: {values}"] if values else [])]), most)


def _find_group(body: Mapping[str, Any], signals: list[Signal]) -> tuple[str, ...]:
    """Return PagerDuty's name for a group that holds only one trouble.

    Alertmanager tells PagerDuty the SHA-256 of the group's key.
    """
    group = raw_text(find(body, "groupKey"))
    alone = len({one.incident_key for one in signals}) == 1 and "alertname" in find_map(body, "groupLabels")
    if not group or not alone:
        return ()
    return (f"incident_key:{hashlib.sha256(group.encode('utf-8', 'replace')).hexdigest()}",)


def _read_rest(
    source: str, body: Mapping[str, Any], count: int, shown: list[Signal], arrival: Arrival
) -> tuple[Signal, ...]:
    """Return a signal for alerts left out that fire or may fire.

    The status of the body is that of the alerts in it: "resolved" says nothing of those that Alertmanager cut off.
    """
    unknown = read_number(find(body, "truncatedAlerts"))
    cut = unknown + max(count - _MOST_ALERTS, 0)
    firing = raw_text(find(body, "status")) == "firing"
    if not cut or not (firing or unknown) or any(one.kind == "alert_firing" for one in shown):
        return ()
    verb = "fire" if firing else "may fire"
    labels = read_pairs(find(body, "commonLabels")) | read_pairs(find(body, "groupLabels"))
    group = make_digest(find_text(body, "groupKey", most=TEXT), *(text for pair in labels.items() for text in pair))
    names = {(one.incident_key, one.joins) for one in shown}
    kin = find_kin(labels)
    key = f"{source}:{find_trouble(labels)}"
    joins: tuple[str, ...] = (kin,) if kin else ()
    if len(names) == 1:
        key, joins = names.pop()
    return (
        Signal(
            source=source,
            kind="alert_firing",
            state_key=f"{source}:{group}:cut:{make_digest(arrival.delivery)[:16]}",
            incident_key=key,
            joins=joins,
            delivery=arrival.delivery,
            title=clean_line(f"{labels.get('alertname') or 'Alerts'}: {cut} that {verb} are not in the message"),
            severity=read_severity(labels.get("severity", "")),
            started=arrival.received,
            service=find_service(labels),
            environment=find_environment(labels),
            labels=show_pairs(labels) | {"source_name": arrival.name},
        ),
    )


def read_number(value: Any) -> int:
    """Return a count in a body, 0 where there is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else 0
