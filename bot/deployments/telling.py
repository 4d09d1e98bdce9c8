"""Keep figures with the deployment that was live, and load them beside those of the one before."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.deployments.figures import ServiceFigures, describe, find_deployment
from bot.store import deployments, figures
from bot.store.deployments import Deployed
from bot.store.figures import Figures
from bot.store.incidents import Incident

_READ = 300  # windows of a service that are looked at
_SERVICES = 10  # of an environment
_OF_SERVICES = ("alert", "error")


def keep(connection: sa.Connection, repository: int, told: Sequence[Figures]) -> None:
    """Keep figures, each with the deployment that was live in its window."""
    for one in told:
        history = deployments.list_deployed(connection, repository, one.environment)
        number = find_deployment(history, one.started, one.ended)
        figures.add(connection, repository, one.model_copy(update={"deployment": number}))


def load_figures(
    connection: sa.Connection, repository: int, deployed: Deployed, until: int, services: Sequence[str] | None = None
) -> tuple[ServiceFigures, ...]:
    """Return the figures since a deployment, of all services or of some.

    ``until`` is in ms: what was told of later times is left out.
    """
    place = deployed.environment
    history = deployments.list_deployed(connection, repository, place)
    names = figures.list_services(connection, repository, place, _SERVICES) if services is None else services
    found = []
    for name in names:
        windows = figures.list_windows(connection, repository, place, name, until=until, most=_READ)
        found.append(describe(name, deployed, history, windows))
    return tuple(one for one in found if one is not None)


def load_of_incident(connection: sa.Connection, one: Incident, now: int) -> tuple[ServiceFigures, ...]:
    """Return the figures of an incident's service, since what was live then.

    A signal that names no environment means the only one that the service's figures are of.
    """
    if one.kind not in _OF_SERVICES or not one.service:
        return ()
    named = [one.environment] if one.environment else figures.list_environments(connection, one.repository, one.service)
    if len(named) != 1:
        return ()
    history = deployments.list_deployed(connection, one.repository, named[0])
    number = find_deployment(history, one.first, one.first)
    deployed = next((each for each in history if each.id == number), None)
    if deployed is None:
        return ()
    return load_figures(connection, one.repository, deployed, one.closed or now, [one.service])
