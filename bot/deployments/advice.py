"""Advise canary controllers: roll back where a deployment broke something, and let nothing in while that is open."""

from __future__ import annotations

from collections.abc import Sequence

from bot.deployments.decision import suspect_deployment
from bot.store.deployments import Deployed
from bot.store.incidents import Incident, IncidentKind
from bot.types import JsonModel

_TOLD = 5
_OF_SERVICES: frozenset[IncidentKind] = frozenset({"alert", "error", "deploy"})


class Advice(JsonModel):
    """Advice for one environment, with its reasons."""

    rollback: bool
    reasons: tuple[str, ...] = ()


def advise(history: Sequence[Deployed], incidents: Sequence[Incident]) -> Advice:
    """Advise to roll back where an incident began right after a deployment."""
    blamed = [
        (one, found)
        for one in filter_services(incidents)
        if (found := suspect_deployment(history, one.first)) is not None
    ]
    reasons = tuple(f"{one.title[:200]}: began after deployment {found.id}" for one, found in blamed[:_TOLD])
    return Advice(rollback=bool(blamed), reasons=reasons)


def filter_services(incidents: Sequence[Incident]) -> list[Incident]:
    """Return the incidents that tell of a service, not of CI."""
    return [one for one in incidents if one.kind in _OF_SERVICES]
