"""Read what Datadog posts with the template in ``deploy/datadog-webhook.json``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.signals.fields import (
    TEXT,
    Arrival,
    clean,
    clean_line,
    find,
    make_digest,
    make_links,
    raw_text,
    read_moment,
)
from bot.signals.labels import read_severity
from bot.signals.records import Signal, SignalKind

# A variable that has no value may stay as it was written.
_UNSET = re.compile(r"\$[A-Z][A-Z0-9_]*(?:\[[\w.-]*\])?")
_KINDS: dict[str, SignalKind] = {
    **dict.fromkeys(("triggered", "re-triggered", "renotify", "re-notify"), "alert_firing"),
    **dict.fromkeys(("warn", "re-warn", "no data", "re-no data"), "alert_firing"),
    "recovered": "alert_resolved",
}
_MILD = ("warn", "no data")


def read(body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return the signal of a monitor's transition; nothing for other events."""
    given = {name: _read_field(body, name) for name in map(str, list(body)[:100])}
    transition = given.get("transition", "").lower()
    kind = _KINDS.get(transition)
    cycle = given.get("cycle") or _name_group(given)
    if kind is None or not cycle:
        return ()
    tags = _read_tags(given.get("tags", ""))
    mild = transition.removeprefix("re-") in _MILD
    return (
        Signal(
            source="datadog",
            kind=kind,
            state_key=f"datadog:{make_digest(cycle, transition)}",
            incident_key=f"datadog:{make_digest(cycle)}",
            joins=tuple(f"datadog:{make_digest(name)}" for name in [_name_group(given)] if name and name != cycle),
            delivery=arrival.delivery,
            title=clean_line(given.get("title") or "Datadog monitor"),
            text=clean(given.get("text", ""), TEXT),
            severity="warning" if mild else read_severity(given.get("priority", "")),
            started=read_moment(find(body, "date"), arrival.received),
            service=clean_line(given.get("service") or tags.get("service", "")),
            environment=clean_line(given.get("environment") or tags.get("env", "")),
            sha=_read_commit(tags),
            links=make_links([("Monitor", given.get("link", ""))]),
            labels={
                name: clean_line(given[name], 300)
                for name in ("transition", "status", "scope", "query", "alert_id")
                if given.get(name)
            }
            | {"source_name": arrival.name},
        ),
    )


def _read_field(body: Mapping[str, Any], name: str) -> str:
    text = raw_text(find(body, name)).strip()
    return "" if _UNSET.fullmatch(text[:100]) else text


def _name_group(given: Mapping[str, str]) -> str:
    """Return what links a trigger and its end where no cycle is named."""
    monitor = given.get("alert_id", "")
    scope = ",".join(sorted(part.strip() for part in given.get("scope", "")[:TEXT].split(",")))
    return f"{monitor}/{scope}" if monitor else ""


def _read_tags(text: str) -> dict[str, str]:
    pairs = (part.strip().partition(":") for part in text[:TEXT].split(","))
    return {name: value for name, _, value in pairs if value}


def _read_commit(tags: Mapping[str, str]) -> str:
    text = tags.get("git.commit.sha", "")
    return text if re.fullmatch(r"[0-9a-f]{40}", text) else ""
