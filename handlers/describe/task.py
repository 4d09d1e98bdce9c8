"""Describe a pull request in its own text, below the author's words."""

from __future__ import annotations

from bot.dispatch.spec import Shown, TaskSpec
from bot.work.origin import TaskInput
from handlers.answer.pipeline import run_describe
from handlers.answer.records import TalkTask
from handlers.answer.stages import Stage

TASK = TaskSpec(
    name="describe",
    summary="Writes a title, a summary and a walkthrough of all files into the pull request's text.",
    details="The author's text stays as it is; our part stands below it and is replaced when you ask again. A "
    "diagram is added where several parts work together in a new way.",
    examples=(("/describe", "describes the present head"),),
    input=TaskInput,
    request=TalkTask[TaskInput],
    run=run_describe,
    subjects=frozenset({"pull", "thread"}),
    shown=Shown.REPLY,
    stages={Stage.READ: "Read what is asked", Stage.LOOK: "Look at the code", Stage.ANSWER: "Describe the change"},
    needs_open=True,
    outlets=frozenset({"github", "result"}),
)
