"""Answer a question about the code, with every cited place checked."""

from __future__ import annotations

from functools import partial

from bot.dispatch.spec import Shown, TaskSpec
from handlers.answer.pipeline import run_ask
from handlers.answer.records import AskInput, TalkTask
from handlers.answer.stages import Stage

TASK = TaskSpec(
    name="ask",
    summary="Answers a question about the code, with links to the lines that the answer rests on.",
    details="On a line of a diff it is about that hunk; on a pull request about its change; on an issue about the "
    "code on the default branch. A model that can only read looks things up; code checks every place it names.",
    examples=(
        ("/ask Who calls this, and with what?", "answers in the same thread"),
        ("/ask Where are prices rounded?", "answers below, with links"),
    ),
    input=AskInput,
    request=TalkTask[AskInput],
    run=partial(run_ask, "ask"),
    subjects=frozenset({"issue", "pull", "thread", "repository"}),
    shown=Shown.REPLY,
    stages={Stage.READ: "Read what is asked", Stage.LOOK: "Look at the code", Stage.ANSWER: "Answer"},
    exclusive=False,
    opens=True,
    outlets=frozenset({"github", "result"}),
)
