"""Tell the figures of a deployment beside those of the one before it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import Field

from bot.deployments.figures import ServiceFigures
from bot.deployments.telling import load_figures
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, RepositoryName, maybe_moment
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.problems import Problem
from bot.store import deployments
from bot.store.database import now_ms
from bot.types import JsonModel

operations = Operations("deployments")
DeploymentId = Annotated[str, Field(pattern="^[1-9][0-9]{0,17}$", description="a deployment's id on GitHub")]


class FiguresQuery(Sent):
    """The repository of a deployment."""

    repository: RepositoryName


class ServiceView(JsonModel):
    """Figures of a service since a deployment.

    Each is the median of its newest windows.
    """

    service: str
    windows: int = Field(description="windows of time that the figures are of")
    now: dict[str, float]
    earlier: int | None = Field(description="the deployment that `before` is of")
    before: dict[str, float]
    change: str = Field(description="both in a line, empty where nothing is known of before")
    advice: str = Field(description="what grown load does, empty where there is nothing to say")


class DeploymentFigures(JsonModel):
    """Figures of a deployment's services."""

    deployment: int
    environment: str
    sha: str
    succeeded: Moment | None
    services: tuple[ServiceView, ...]


@operations.add("GET", "/deployments/{id}/figures", scope="read")
async def read_figures(context: Context, caller: Caller, id: DeploymentId, query: FiguresQuery) -> DeploymentFigures:
    """Return performance, errors and usage since a deployment.

    They stand beside those of the deployment before it, as signals of the kind `figures` told them.
    """
    repository = await context.gate.readable(caller, query.repository, "read figures")
    store = context.services.store
    found = await store.read(deployments.get, repository.id, int(id))
    if found is None:
        raise Problem("No deployment with this id is known of the repository.", status=404)
    load = partial(load_figures, repository=repository.id, deployed=found, until=now_ms())
    return DeploymentFigures(
        deployment=found.id,
        environment=found.environment,
        sha=found.sha,
        succeeded=maybe_moment(found.good),
        services=tuple(show_service(one) for one in await store.read(load)),
    )


def show_service(one: ServiceFigures) -> ServiceView:
    """Show the figures of a service."""
    return ServiceView(**one.model_dump())
