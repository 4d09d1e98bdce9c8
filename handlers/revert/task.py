"""Declare ``/revert``: from a merged pull request to one that takes it back."""

from __future__ import annotations

from bot.change.pipeline import run_change
from bot.dispatch.spec import TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.services import Services
from handlers.revert.recipe import REVERT
from handlers.revert.records import RevertInput, RevertTask


async def run(ctx: Ctx, services: Services, request: RevertTask) -> Outcome:
    """Run the change pipeline with the recipe of a revert."""
    return await run_change(ctx, services, REVERT, request)


async def object_to(_services: Services, request: RevertTask) -> str | None:
    """Refuse what names nothing."""
    if request.subject.number is None and not request.input.sha.strip():
        return "Say which commit to take back: its `sha`, or the number of a merged pull request."
    return None


TASK = TaskSpec(
    name="revert",
    summary="Takes a merged pull request back, by another pull request.",
    details="Whether it was merged, squashed or rebased, all its commits go, and only they. git does it, no model is "
    "asked; the tests run before and after, and the pull request says whether that shows that it helps. Where the same "
    "lines changed since, or a migration of a database is among it that nobody marked as reversible, it says so and "
    "changes nothing.",
    examples=(
        ("/revert", "takes this merged pull request back"),
        ("/revert Checkout fails since it was deployed.", "the same, and quotes why"),
    ),
    input=RevertInput,
    request=RevertTask,
    run=run,
    subjects=frozenset({"pull", "repository"}),
    writes=Writes.BRANCH,
    stages={
        "read": "Find its commits and take them back",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "edit": "Put the change together",
        "gate": "Run the tests without it",
        "publish": "Publish it",
    },
    objection=object_to,
    unverified="Stopped: tests that passed before do not pass without it.",
)
