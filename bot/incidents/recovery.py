"""Say what shows that a trouble is over. That its source has fallen silent shows nothing."""

from __future__ import annotations

from typing import NamedTuple

from bot.incidents.rules import IncidentRules
from bot.store.incidents import Incident, Trouble
from bot.types import JsonModel


class Evidence(NamedTuple):
    """A judgement whether a trouble is over, with what shows it or lacks."""

    green: bool
    text: str


class Observed(JsonModel):
    """Observations of one trouble, beside the records."""

    descends: bool = False  # the good commit is the bad one or a descendant
    health: str | None = None  # what is wrong with the service's answer; None where nobody could ask
    deployed: int | None = None  # when the newest deployment of the environment succeeded


def judge(trouble: Trouble, observed: Observed) -> Evidence:
    """Judge a trouble that does not fire any more."""
    if trouble.kind == "ci":
        sha = trouble.good_sha[:10]
        if observed.descends:
            return Evidence(True, f"the same job passed on {sha}")
        return Evidence(False, f"it passed on {sha}, which does not contain {trouble.bad_sha[:10]}")
    if trouble.kind == "deploy":
        return Evidence(True, f"a deployment to `{trouble.environment}` succeeded")
    if trouble.kind == "security":
        return Evidence(True, "GitHub closed the alert")
    if observed.health == "":
        return Evidence(True, f"its source resolved it, and `{trouble.service}` answers well")
    if observed.deployed is not None and observed.deployed > trouble.since:
        return Evidence(True, "its source resolved it after a newer deployment")
    if observed.health is not None:
        return Evidence(False, f"its source resolved it, but {observed.health}")
    return Evidence(False, "its source says so, but the policy maps no health address that could show it")


def find_health(trouble: Trouble, rules: IncidentRules) -> str | None:
    """Return the address that the policy names for a trouble's service."""
    service = rules.services.get(trouble.service)
    return service.health if service is not None else None


def find_cause(incident: Incident, troubles: tuple[Trouble, ...]) -> str:
    """Return the class of an incident's cause, as far as records show it."""
    if incident.kind == "infrastructure":
        return "infrastructure"
    if incident.kind != "ci":
        return incident.cause
    firing = [one for one in troubles if one.firing]
    if firing and all(one.setup for one in firing):
        return "infrastructure"
    if incident.key.startswith("github start "):
        return "configuration"
    same = [one for one in troubles if one.good_sha and one.good_sha == one.bad_sha and (one.good or 0) >= one.since]
    return "flaky" if same else incident.cause
