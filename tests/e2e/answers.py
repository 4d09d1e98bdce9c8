"""Scripted answers for the sample's bug: the good ones, and pieces to make bad ones from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from simhub.model_formats import ModelRequest

Rule = dict[str, Any]

TITLE = "Cents are lost"
BODY = "`total(['2.50', '2.50'])` gives 400 but it should be 500. Whole prices are right."
PROOF = "tests/test_cents.py"
PROOF_TEXT = """import unittest


class CentsTest(unittest.TestCase):
    def test_cents_count(self):
        from basket.basket import total

        self.assertEqual(total(["2.50", "2.50"]), 500)
"""
FIX = ("    return int(whole) * 100\n", '    return int(whole) * 100 + int((cents + "00")[:2])\n')
WRONG_FIX = ("    return int(whole) * 100\n", '    return int(whole) * 100 + int(cents or "0") * 10\n')


def new_file(path: str, text: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n=======\n{text}>>>>>>> REPLACE\n"


def change(path: str, search: str, replace: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def deletion(path: str) -> str:
    return f"*** Begin Patch\n*** Delete File: {path}\n*** End Patch\n"


def calls(*named: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in named]}


def edit(text: str) -> tuple[str, dict[str, Any]]:
    return "edit", {"edits": text}


def finish(cause: str = "Cents are dropped.", change: str = "Cents are added.") -> tuple[str, dict[str, Any]]:
    return "finish", {"cause": cause, "change": change}


def prove(*turns: dict[str, Any]) -> list[Rule]:
    """The proof stage, one rule a turn."""
    return [{"match": {"user": "First task", "turn": turn}, "reply": reply} for turn, reply in enumerate(turns)]


def later(*replies: dict[str, Any]) -> list[Rule]:
    """Everything after the proof, in order, whatever the turn's number."""
    return [{"match": {"text": "Second task", "tool": "edit"}, "reply": reply} for reply in replies]


RECOGNISED: Rule = {
    "match": {"system": "You compare a test's failure"},
    "reply": {"json": {"same": True, "quote": "400 != 500", "why": "The cents of both prices are missing."}},
    "reusable": True,
}


def verdict(quote: str, **answer: Any) -> dict[str, Any]:
    """The judge's answer: it finds all that the author says supported by what it quotes."""
    sentences = [{"number": number, "supported": True, "quote": quote} for number in range(1, 40)]
    return calls(("verdict", {**answer, "sentences": sentences}))


def judged(**answer: Any) -> Callable[[ModelRequest], Awaitable[dict[str, Any]]]:
    """A judge that supports what the author says with a line of the diff it is shown."""

    async def reply(asked: ModelRequest) -> dict[str, Any]:
        added = [line[1:].strip() for line in asked.text.splitlines() if line.startswith("+") and line[:3] != "+++"]
        return verdict(max(added, key=len, default=""), **answer)

    return reply


JUDGED: Rule = {
    "match": {"system": "You judge code changes"},
    "reply": verdict("return int(whole) * 100", passed=True, reason="Cents are read.", failing_input=None),
    "reusable": True,
}
PROVED = [
    *prove(calls(("read", {"path": "basket/prices.py"})), calls(edit(new_file(PROOF, PROOF_TEXT))), calls(finish())),
    RECOGNISED,
]
FIXED = later(calls(edit(change("basket/prices.py", *FIX))), calls(finish()))
GOOD = [*PROVED, *FIXED, JUDGED]
