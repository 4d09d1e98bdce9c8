"""Suggest better code on a pull request, to be committed with a click."""

from __future__ import annotations

from bot.dispatch.spec import Shown, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.work.origin import TaskInput
from bot.work.services import Services
from handlers.answer.pipeline import run_improve
from handlers.answer.records import TalkTask
from handlers.answer.stages import Stage


async def run(ctx: Ctx, services: Services, request: TalkTask[TaskInput]) -> Outcome:
    """Make the suggestions."""
    return await run_improve(ctx, services, request)


TASK = TaskSpec(
    name="improve",
    summary="Suggests better code on lines of the pull request, to be committed with a click.",
    details="Every suggestion was checked: it stands on lines of the change, applies to the head, and the file "
    "parses afterwards. What a thread says already, open or resolved, is not said again. No tests are run: for changes "
    "that are tested there is `/revise` and `/fix`.",
    examples=(("/improve", "makes a few suggestions on the present head, or none"),),
    input=TaskInput,
    request=TalkTask[TaskInput],
    run=run,
    subjects=frozenset({"pull", "thread"}),
    shown=Shown.REPLY,
    stages={
        Stage.READ: "Read what is asked",
        Stage.LOOK: "Look at the code",
        Stage.ANSWER: "Find what can be better, and check it",
    },
    needs_open=True,
    outlets=frozenset({"github", "result"}),
)
