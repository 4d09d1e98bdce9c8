"""Define what the parts of incidents hand to each other."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bot.incidents.rules import Act
from bot.signals.records import SignalKind
from bot.store.incidents import IncidentKind
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput

FLOW = "incident"
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
POST_MORTEM = "post-mortem.md"
"""The document that its last task leaves."""
RECURS = 14 * DAY
"""How long after its end the same trouble is the same incident again."""
OLD = DAY
"""News that began longer ago never acts."""

SUBJECTS: dict[SignalKind, IncidentKind] = {
    "ci_failed": "ci",
    "ci_passed": "ci",
    "alert_firing": "alert",
    "alert_resolved": "alert",
    "error_new": "error",
    "error_again": "error",
    "error_resolved": "error",
    "deploy_failed": "deploy",
    "deploy_succeeded": "deploy",
    "security_alert": "security",
    "security_resolved": "security",
}
"""The subject of each kind of news."""
BAD: frozenset[SignalKind] = frozenset(
    {"ci_failed", "alert_firing", "error_new", "error_again", "deploy_failed", "security_alert"}
)
"""News that something is wrong; all other news is good."""
GATHERED: frozenset[IncidentKind] = frozenset({"storm", "infrastructure"})
"""Incidents that stand for many troubles; once over they do not come back."""


Verdict = Literal["act", "propose", "no", "off"]


class Choice(JsonModel):
    """One act that was considered, and what came of that."""

    act: Act
    verdict: Verdict
    reason: str
    input: dict[str, Any] = Field(default_factory=dict)
    branch: str = ""
    environment: str = ""


class IncidentInput(TaskInput):
    """The incident to look at."""

    incident: str


IncidentTask = Request[IncidentInput]
