"""Advise canary controllers: roll back where a deployment broke something, and let nothing in while that is open."""

from __future__ import annotations

from collections.abc import Sequence

from bot.deployments.decision import suspect_deployment
from bot.store import deployments, incidents
from bot.store.deployments import Deployed
from bot.store.incidents import Incident, IncidentKind
from bot.store.store import Store
from bot.types import JsonModel

_TOLD = 5
_OF_SERVICES: frozenset[IncidentKind] = frozenset({"alert", "error", "deploy"})


class Advice(JsonModel):
    """Advice for one environment, with its reasons."""

    rollback: bool
    reasons: tuple[str, ...] = ()


async def load_advice(store: Store, repository: int, environment: str) -> Advice:
    """Advise by what is stored of an environment."""
    history = await store.run(deployments.list_deployed, repository, environment)
    return advise(history, await store.run(incidents.list_in_environment, repository, environment))


def advise(history: Sequence[Deployed], found_open: Sequence[Incident]) -> Advice:
    """Advise to roll back where an incident began right after a deployment."""
    blamed = [
        (one, found)
        for one in filter_services(found_open)
        if (found := suspect_deployment(history, one.first)) is not None
    ]
    reasons = tuple(f"{one.title[:200]}: began after deployment {found.id}" for one, found in blamed[:_TOLD])
    return Advice(rollback=bool(blamed), reasons=reasons)


def filter_services(found_open: Sequence[Incident]) -> list[Incident]:
    """Return the incidents that tell of a service, not of CI."""
    return [one for one in found_open if one.kind in _OF_SERVICES]
