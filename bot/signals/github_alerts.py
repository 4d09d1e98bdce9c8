"""Read GitHub's security alerts. What is vulnerable, and which secret it is, stays on GitHub's own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.signals.github_shapes import Alert, clean_line, make_links, read_moment, read_part
from bot.signals.records import Severity, Signal, SignalKind

_ALERTS: dict[str, SignalKind] = {
    **dict.fromkeys(("created", "reopened", "reopened_by_user", "appeared_in_branch"), "security_alert"),
    **dict.fromkeys(("auto_reopened", "reintroduced", "publicly_leaked"), "security_alert"),
    **dict.fromkeys(("fixed", "resolved", "closed_by_user", "dismissed", "auto_dismissed"), "security_resolved"),
}
_SEVERITIES: dict[str, Severity] = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}


def read_code_alert(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read an alert about code on a branch, not on a pull request."""
    rule = read_part(read_part(payload, "alert"), "rule")
    severity = _SEVERITIES.get(str(rule.get("security_severity_level") or ""), "error")
    branch = str(payload.get("ref") or "").removeprefix("refs/heads/")
    if branch.startswith("refs/"):
        return ()  # a pull request's
    name = str(rule.get("description") or rule.get("id") or "")
    return _read_alert("code-scanning", name, payload, delivery, now, severity=severity, branch=clean_line(branch))


def read_dependency_alert(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read an alert about a package."""
    alert = read_part(payload, "alert")
    advisory = read_part(alert, "security_advisory")
    package = read_part(read_part(alert, "dependency"), "package")
    severity = _SEVERITIES.get(str(advisory.get("severity") or ""), "error")
    name = f"{package.get('name') or 'a package'}: {advisory.get('summary') or 'vulnerable'}"
    return _read_alert("dependabot", name, payload, delivery, now, severity=severity)


def read_secret_alert(payload: Mapping[str, Any], delivery: str, now: int) -> tuple[Signal, ...]:
    """Read that a secret was found; what it is stays where it is."""
    alert = read_part(payload, "alert")
    name = str(alert.get("secret_type_display_name") or alert.get("secret_type") or "a secret")
    return _read_alert("secret-scanning", name, payload, delivery, now, severity="critical")


def _read_alert(
    tool: str, name: str, payload: Mapping[str, Any], delivery: str, now: int, *, severity: Severity, branch: str = ""
) -> tuple[Signal, ...]:
    alert = Alert.model_validate(payload.get("alert"))
    action = str(payload.get("action") or "")
    kind = _ALERTS.get(action)
    if kind is None:
        return ()
    moment = alert.updated_at or alert.created_at
    return (
        Signal(
            source="github",
            kind=kind,
            state_key=f"github {tool} {alert.number} {action} {read_moment(moment, 0)}",
            incident_key=f"github {tool} {alert.number}",
            delivery=delivery,
            title=clean_line(f"{tool.replace('-', ' ').capitalize()} alert {alert.number}: {name}"),
            severity=severity,
            started=read_moment(moment, now),
            branch=branch,
            links=make_links("Alert", alert.html_url),
            labels={"action": action},
        ),
    )
