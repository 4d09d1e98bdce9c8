"""A docs change leaves code as it is: only docstrings may differ."""

from __future__ import annotations

import pytest

from bot.documentation.equality import find_code_change

BEFORE = 'def add(a, b):\n    # sum\n    return a + b\n\n\nclass Cart:\n    """A cart."""\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def add(a, b):\n", 'def add(a, b):\n    """Add."""\n'),
        ('"""A cart."""', '"""A cart of items."""'),
        ("def add", '"""Sums."""\n\n\ndef add'),
    ],
)
def test_docstrings_may_change(old: str, new: str) -> None:
    assert find_code_change(BEFORE, BEFORE.replace(old, new)) is None


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("a + b", "a - b", "its code is altered"),
        ('    """A cart."""', '    """A cart."""\n    size = 1', "its code is altered"),
        ("# sum", "# noqa", "its comments are altered"),
        ("    # sum\n", "", "its comments are altered"),
        ("return a + b", "return a +", "cannot be parsed"),
    ],
)
def test_anything_else_is_told(old: str, new: str, why: str) -> None:
    assert why in (find_code_change(BEFORE, BEFORE.replace(old, new)) or "")


def test_comments_may_change_where_they_were_asked_for() -> None:
    assert find_code_change(BEFORE, BEFORE.replace("# sum", "# the sum"), comments=True) is None
