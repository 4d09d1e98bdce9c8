"""What the model says in the fault harness: every answer follows from the request alone.

So an answer that is asked for again after a crash is the same, whatever was asked meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simhub.model_formats import Json, ModelRequest
from tests.e2e.answers import FIX, JUDGED, PROOF, PROOF_TEXT, RECOGNISED, Rule, calls, change, edit, finish, new_file
from tests.e2e.healing import CODE, HEAL, JUDGE, MENDED
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, QUOTE, finding, reports
from tests.e2e.revisions import CONSTANT, REVISE, met
from tests.e2e.test_commands_pulls import DESCRIPTION

THINKING_SECONDS = 0.3
QUESTION = "where do cents get lost"
Think = Callable[[ModelRequest], str | None]

__all__ = ["BUGGY", "PRICES", "QUESTION", "rules"]


def rules(asked: Think, answered: Callable[[], None] = lambda: None) -> list[Rule]:
    """Return the script; ``asked`` is called while the model thinks, and may name a fault.

    ``answered`` is called when an answer is about to be sent.
    """
    found: list[Rule] = [
        {"match": {"text": QUESTION}, "reply": _explain},
        {"match": {"system": REVISE}, "reply": _revise},
        met(None, True),
        RECOGNISED,
        JUDGED,
        JUDGE,
        {"match": {"system": HEAL}, "reply": _heal},
        {"match": {"text": "Second task", "tool": "edit"}, "reply": _mend},
        {"match": {"text": "First task", "tool": "edit"}, "reply": _prove},
        {"match": {"system": "You describe"}, "reply": calls(("describe", DESCRIPTION))},
        {"match": {"system": "You suggest"}, "reply": calls(("improve", {"suggestions": [_SUGGESTED]}))},
        reports(finding()),
        QUIET,
        PROVED,
    ]
    return [{**rule, "reply": _slowly(rule["reply"], asked, answered), "reusable": True} for rule in found]


def _slowly(reply: Any, asked: Think, answered: Callable[[], None]) -> Any:
    async def speak(request: ModelRequest) -> Json:
        await asyncio.sleep(THINKING_SECONDS / 2)
        fault = asked(request)
        await asyncio.sleep(THINKING_SECONDS / 2)
        if fault is not None:
            return {"fault": fault}
        answer = reply(request) if callable(reply) else reply
        said = dict(await answer if asyncio.iscoroutine(answer) else answer)
        answered()
        return said

    return speak


def _prove(request: ModelRequest) -> Json:
    turns = [calls(("read", {"path": PRICES})), calls(edit(new_file(PROOF, PROOF_TEXT)))]
    return turns[request.turn] if request.turn < len(turns) else calls(finish())


def _mend(request: ModelRequest) -> Json:
    return calls(finish() if "cents + " in request.text else edit(change(PRICES, *FIX)))


def _heal(request: ModelRequest) -> Json:
    done = calls(finish("The cents were dropped.", "The cents are added."))
    return done if request.turn else calls(edit(change(CODE, *MENDED)))


def _revise(request: ModelRequest) -> Json:
    return calls(finish("", "CENTS has a name.") if request.turn else edit(CONSTANT))


def _explain(request: ModelRequest) -> Json:
    return {"text": f"In `{PRICES}:6`."} if request.turn else calls(("read", {"path": PRICES}))


_SUGGESTED = {
    "path": PRICES,
    "line": 7,
    "quote": QUOTE,
    "replacement": '    return int(whole) * 100 + int((cents + "00")[:2])',
    "why": "Half a price is not five cents.",
}
