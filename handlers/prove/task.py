"""Declare ``/prove``: what the gates of our own changes say of somebody else's."""

from __future__ import annotations

from bot.change.pipeline import run_change
from bot.dispatch.spec import Shown, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.work.origin import TaskInput
from bot.work.services import Services
from handlers.prove.recipe import PROVE
from handlers.prove.records import ProveTask


async def run(ctx: Ctx, services: Services, request: ProveTask) -> Outcome:
    """Run the change pipeline with the recipe of a proof."""
    return await run_change(ctx, services, PROVE, request)


TASK = TaskSpec(
    name="prove",
    summary="Runs on a pull request the checks that my own changes have to pass.",
    details="Its new tests have to fail without it, three times, and pass with it; the tests from before have to pass "
    "as they were; secrets, protected paths, syntax and size are looked at. Nothing is changed and no model is asked. "
    "It begins by itself beside the review of what was handed to Copilot.",
    examples=(("/prove", "checks the present head"),),
    input=TaskInput,
    request=ProveTask,
    run=run,
    subjects=frozenset({"pull"}),
    shown=Shown.CHECK,
    check="Forgehand proof",
    stages={
        "read": "Read the pull request",
        "find": "Find the code",
        "prepare": "Install and run the tests as they were",
        "prove": "Run its new tests without the change",
        "edit": "Put the change together",
        "gate": "Check the change in a fresh tree",
    },
    needs_open=True,
    unverified="Not proved.",
)
