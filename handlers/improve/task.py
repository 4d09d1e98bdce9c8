"""Suggest better code on a pull request, to be committed with a click."""

from __future__ import annotations

from bot.dispatch.spec import Shown, TaskSpec
from bot.work.origin import TaskInput
from handlers.answer.pipeline import run_improve
from handlers.answer.records import TalkTask
from handlers.answer.stages import Stage

TASK = TaskSpec(
    name="improve",
    summary="Suggests better code on lines of the pull request, to be committed with a click.",
    details="Every suggestion was checked: it stands on lines of the change, applies to the head, and the file "
    "parses afterwards. What a thread says already, open or resolved, is not said again. No tests are run: for changes "
    "that are tested there is `/revise` and `/fix`.",
    examples=(("/improve", "makes a few suggestions on the present head, or none"),),
    input=TaskInput,
    request=TalkTask[TaskInput],
    run=run_improve,
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
