"""Code that works and is hard to read, refactorings of it, and changes that only look like one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.answers import Rule, calls, change, edit, finish, judged, later
from tests.toolchains.conftest import write

TITLE = "shipping() is hard to read"
BODY = "`post.shipping` repeats itself. Nothing of what it does may change."
LABEL = "ai-refactor"
PRODUCT = "post/fees.py"
LOOP = """    if country == "DE":
        if weight > LIMIT:
            fee = 9
        else:
            fee = 4
    else:
        if weight > LIMIT:
            fee = 18
        else:
            fee = 8
    return fee
"""
TANGLED = f'''"""Fees of parcels."""

LIMIT = 5
NAME = "Post"


def shipping(weight, country="DE"):
    if weight < 0:
        raise ValueError("a weight is not negative")
{LOOP}'''
PLAIN = """    fee = 9 if weight > LIMIT else 4
    return fee if country == "DE" else 2 * fee
"""
TESTS = """import pytest

from post import shipping


@pytest.mark.parametrize(
    ("weight", "country", "fee"),
    [(1, "DE", 4), (5, "DE", 4), (6, "DE", 9), (1, "AT", 8), (6, "AT", 18)],
)
def test_fee(weight, country, fee):
    assert shipping(weight, country) == fee


def test_home_is_germany():
    assert shipping(1) == 4
    with pytest.raises(ValueError, match="^a weight is not negative$"):
        shipping(-1)
    assert shipping(0) == 4
"""
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "post/__init__.py": 'from post.fees import shipping\n\n__all__ = ["shipping"]\n',
    PRODUCT: TANGLED,
    "tests/test_post.py": TESTS,
}
GOAL = {"measure": "branches", "measured": f"{PRODUCT}::shipping"}
JUDGED: Rule = {
    "match": {"system": "You judge refactorings"},
    "reply": judged(passed=True, reason=""),
    "reusable": True,
}
DONE = calls(finish("The fee is decided four times.", "It is decided once."))


def lay(folder: Path, files: dict[str, str] | None = None) -> Path:
    return write(folder / "source", FILES if files is None else files)


def plan(**said: Any) -> Rule:
    """The plan: by default that of the function, with its branches as the figure."""
    told = {"functions": [f"{PRODUCT}::shipping"], **GOAL, "old": "", "new": "", "why": "The fee is decided once."}
    return {"match": {"tool": "plan"}, "reply": calls(("plan", {**told, **said}))}


def replace(text: str) -> dict[str, Any]:
    """The edit that puts something in the place of the nested branches."""
    return calls(edit(change(PRODUCT, LOOP, text)))


def first(*turns: dict[str, Any]) -> list[Rule]:
    """The tests that are written before the edit."""
    return [{"match": {"text": "First task", "tool": "edit"}, "reply": turn} for turn in turns]


GOOD = [plan(), *later(replace(PLAIN), DONE), JUDGED]
RENAME = plan(functions=[], measured="", old="post.fees.shipping", new="post.fees.shipping_fee")
