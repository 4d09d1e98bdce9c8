"""Define what a rollback is asked with and what its steps hand on."""

from __future__ import annotations

from pydantic import Field

from bot.deployments.figures import ServiceFigures
from bot.store.deployments import Deployed
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput
from handlers.rollback.rules import Way


class RollbackInput(TaskInput):
    """Input of a rollback."""

    environment: str = Field(title="environment", description="the environment, as deployments name it")
    to: str = Field(default="", title="to", description="the commit to go back to; the last good one by default")
    reason: str = Field(default="", title="reason", description="why; it is quoted")


RollbackTask = Request[RollbackInput]


def told_issue(task: RollbackTask) -> int | None:
    """Return the issue that is told: where it was asked, or the incident's."""
    return task.subject.number or task.origin.issue


class Plan(JsonModel):
    """State of an environment and the one wanted, or why nothing is done."""

    stop: str = ""
    live: Deployed | None = None
    sha: str = ""
    target: Deployed | None = None  # the deployment that was good
    figures: tuple[ServiceFigures, ...] = ()  # since the live one

    @property
    def bad(self) -> Deployed:
        """Return the live deployment, which is known where nothing stops it."""
        assert self.live is not None, "nothing is rolled back where nothing is live"
        return self.live


class Started(JsonModel):
    """Way by which the rollback was set off, or why none was taken."""

    way: Way | None = None
    deployment: int | None = None
    problems: tuple[str, ...] = ()
