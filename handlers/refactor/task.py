"""Declare ``/refactor``: from words to a pull request that changes nothing but the code."""

from __future__ import annotations

from pydantic import Field

from bot.change.pipeline import run_change
from bot.change.records import ChangeTask
from bot.dispatch.spec import Doors, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.origin import Request, TaskInput
from bot.work.services import Services
from handlers.refactor.recipe import REFACTOR
from handlers.refactor.rules import RefactorRules


class RefactorInput(TaskInput):
    """Input of a refactoring."""

    text: str = Field(default="", title="text", description="what to improve, and where")


async def run(ctx: Ctx, services: Services, request: ChangeTask) -> Outcome:
    """Run the change pipeline with the recipe of a refactoring."""
    return await run_change(ctx, services, REFACTOR, request)


TASK = TaskSpec(
    name="refactor",
    summary="Refactors Python code, and shows that nothing changed.",
    details="Where no test runs the functions, tests are written first, on the unchanged code, and stay. Then it is "
    "published only if documented names, defaults and constants are equal, all uses of moved names follow, all tests "
    "pass unchanged, they still notice the small faults that they noticed, and a named figure is lower: lines, "
    "branches, imports or duplicates. A rename of a module, class, function or variable is made by a program over the "
    "whole repository, in one commit that `git revert` takes back. On a pull request it pushes one commit.",
    examples=(
        ("/refactor split Invoice.total, it does three things", "refactors one method"),
        ("/refactor", "does what the issue says"),
        ("/refactor rename shop.cart.total to shop.cart.sum_up", "renames it everywhere"),
    ),
    input=RefactorInput,
    request=Request[RefactorInput],
    run=run,
    subjects=frozenset({"issue", "pull", "repository"}),
    rules=RefactorRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read what was asked for",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "prove": "Plan it, and see that tests run what will change",
        "edit": "Refactor",
        "gate": "Compare API, tests and what they notice",
        "judge": "Have a second model look for a difference",
        "publish": "Publish it",
    },
    doors=Doors(label=True),
    needs_open=True,
    unverified="Stopped: nothing shows that nothing changed.",
    report="text",
    outlets=frozenset({"github", "branch", "result"}),
)
