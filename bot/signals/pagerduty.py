"""Read what PagerDuty's v3 webhooks post: one event of an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.signals.fields import Arrival, clean_line, find, find_map, find_text, make_digest, make_links, read_moment
from bot.signals.labels import read_severity
from bot.signals.records import Severity, Signal, SignalKind

# All else (acknowledged, escalated, annotated ...) is people's work on an incident that is known.
_KINDS: dict[str, SignalKind] = {
    "incident.triggered": "alert_firing",
    "incident.reopened": "alert_firing",
    "incident.resolved": "alert_resolved",
}


def read(body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return the signal of an incident that began, began again or ended."""
    event = find_map(body, "event")
    incident = find_map(event, "data")
    kind = _KINDS.get(find_text(event, "event_type"))
    number = find_text(incident, "id")
    if kind is None or not number:
        return ()
    key = find_text(incident, "incident_key", most=300)
    shown = {
        "status": find_text(incident, "status"),
        "urgency": find_text(incident, "urgency"),
        "priority": find_text(incident, "priority", "summary"),
        "incident_key": key,
        "number": find_text(incident, "number"),
    }
    happened = find(event, "occurred_at")
    return (
        Signal(
            source="pagerduty",
            kind=kind,
            state_key=f"pagerduty:{make_digest(number, find_text(event, 'event_type'), find_text(event, 'id'))}",
            incident_key=f"pagerduty:{make_digest(number)}",
            joins=(f"incident_key:{key}",) if key else (),
            delivery=arrival.delivery,
            title=clean_line(find_text(incident, "title") or "PagerDuty incident"),
            severity=_read_severity(incident),
            started=read_moment(find(incident, "created_at") if kind == "alert_firing" else happened, arrival.received),
            service=find_text(incident, "service", "summary"),
            links=make_links([("Incident", find(incident, "html_url"))]),
            labels={name: value for name, value in shown.items() if value} | {"source_name": arrival.name},
        ),
    )


def _read_severity(incident: Mapping[str, Any]) -> Severity:
    priority = find_text(incident, "priority", "summary")
    if priority:
        return read_severity(priority)
    return "warning" if find_text(incident, "urgency") == "low" else "critical"
