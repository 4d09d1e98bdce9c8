"""Explain lines, a change, or the code an issue is about."""

from __future__ import annotations

from functools import partial

from bot.dispatch.spec import Shown, TaskSpec
from handlers.answer.pipeline import run_ask
from handlers.answer.records import ExplainInput, TalkTask
from handlers.answer.stages import Stage

TASK = TaskSpec(
    name="explain",
    summary="Explains the lines of a thread, a pull request's change, or the code an issue is about.",
    details="For somebody who knows the language but not this code. What you write behind it is answered too.",
    examples=(
        ("/explain", "explains what stands above the comment box"),
        ("/explain why is the loop needed?", "explains with that in mind"),
    ),
    input=ExplainInput,
    request=TalkTask[ExplainInput],
    run=partial(run_ask, "explain"),
    subjects=frozenset({"issue", "pull", "thread", "repository"}),
    shown=Shown.REPLY,
    stages={Stage.READ: "Read what is asked", Stage.LOOK: "Look at the code", Stage.ANSWER: "Explain"},
    exclusive=False,
    opens=True,
    outlets=frozenset({"github", "result"}),
)
