"""Declare ``/fix``: from a reported bug to a pull request with evidence."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bot.change.pipeline import run_change
from bot.change.records import ChangeTask
from bot.dispatch.spec import Doors, Forward, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.origin import Request, TaskInput
from bot.work.services import Services
from handlers.fix.recipe import FIX
from handlers.fix.rules import FixRules
from handlers.revise.records import ReviseInput, RevisionTask
from handlers.revise.task import TASK as REVISE


class FixInput(TaskInput):
    """Input of a fix."""

    hint: str = Field(default="", title="hint", description="where to look, or what to do on a pull request")
    report: str = Field(
        default="",
        title="report",
        description="what is wrong, where no issue says it: a title in the first line, the text below",
    )


async def run(ctx: Ctx, services: Services, request: ChangeTask) -> Outcome:
    """Run the change pipeline with the recipe of a fix."""
    return await run_change(ctx, services, FIX, request)


def forward(request: Request[Any]) -> Forward | None:
    """Hand a pull request over to ``revise``.

    It does what the thread or the hint says; without either, what our reviews found and what makes checks fail.
    """
    if request.subject.kind in {"issue", "repository"}:
        return None
    asked = bool(request.input.hint) or (request.origin.reply is not None and request.origin.reply.root is not None)
    given = ReviseInput(text=request.input.hint, findings=not asked, checks=not asked)
    return Forward(
        REVISE,
        RevisionTask(repository=request.repository, subject=request.subject, origin=request.origin, input=given),
    )


TASK = TaskSpec(
    name="fix",
    summary="Fixes the bug that an issue reports, or what is wrong with a pull request.",
    details="On an issue as the label does: a test reproduces the bug, and a pull request brings a checked fix. On "
    "lines of a diff it does what is said there; else, on a pull request, what you write behind it, or what my reviews "
    "found and failing checks say. It pushes one commit, or posts suggestions where the branch is in a fork.",
    examples=(
        ("/fix", "starts on this issue"),
        ("/fix The rounding in prices.py looks wrong", "starts with a hint where to look"),
        ("/fix below a comment on a line", "does what the comment says"),
    ),
    input=FixInput,
    request=Request[FixInput],
    run=run,
    subjects=frozenset({"issue", "pull", "thread", "repository"}),
    rules=FixRules,
    writes=Writes.BRANCH,
    stages={
        "read": "Read the issue",
        "find": "Find the code",
        "prepare": "Install and run the tests as they are",
        "prove": "Prove the bug with a failing test",
        "edit": "Fix the cause",
        "gate": "Check the fix in a fresh tree",
        "judge": "Have a second model look for a failing input",
        "publish": "Open a pull request",
    },
    doors=Doors(label=True, offered=True),
    needs_open=True,
    unverified="Stopped without a verified fix.",
    forward=forward,
    report="report",
    outlets=frozenset({"github", "branch", "result"}),
)
