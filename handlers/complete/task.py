"""Declare ``/complete``: stubs of a pull request become code, on its branch."""

from __future__ import annotations

from pydantic import Field

from bot.change.pipeline import run_change
from bot.change.records import ChangeTask
from bot.dispatch.spec import Button, Doors, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.origin import Request, TaskInput
from bot.work.services import Services
from handlers.companions.buttons import ADD_MIGRATION
from handlers.complete.migrating import MIGRATIONS
from handlers.complete.recipe import COMPLETE
from handlers.complete.rules import CompleteRules


class CompleteInput(TaskInput):
    """Input of a completion."""

    hint: str = Field(default="", title="hint", description="what else to know of what is left open")


async def run(ctx: Ctx, services: Services, request: ChangeTask) -> Outcome:
    """Run the change pipeline with the recipe of a completion."""
    return await run_change(ctx, services, COMPLETE, request)


TASK = TaskSpec(
    name="complete",
    summary="Fills in what a pull request leaves open, with tests beside.",
    details="Code finds them in the lines that the pull request adds to Python files: functions that only raise "
    "NotImplementedError or are `...`, branches that raise it, and TODOs. New tests fail on each of them first; then "
    "they are filled in where they stand, and the tests must notice small faults there. Asked for migrations, it "
    "writes those that changed Django fields or SQLAlchemy columns lack. It pushes one commit.",
    examples=(
        ("/complete", "fills in the stubs of this pull request"),
        ("/complete Prices are in cents", "says what else to know"),
        ("/complete migrations", "writes the migrations that the changed models lack; applied to no database"),
    ),
    input=CompleteInput,
    request=Request[CompleteInput],
    run=run,
    subjects=frozenset({"pull"}),
    rules=CompleteRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read the pull request and find what it leaves open",
        "find": "Find the code around",
        "prepare": "Install and run the tests as they are",
        "prove": "Write tests that fail on what is open",
        "edit": "Fill it in",
        "gate": "Check everything in a fresh tree",
        "judge": "Have a second model read the change",
        "publish": "Push it to the branch",
    },
    doors=Doors(label=True, buttons=(Button(ADD_MIGRATION, CompleteInput(hint=MIGRATIONS)),)),
    needs_open=True,
    unverified="Stopped: not everything could be filled in.",
    outlets=frozenset({"github", "result"}),
)
