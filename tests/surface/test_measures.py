"""Figures that a refactoring may promise to lessen."""

from __future__ import annotations

import pytest

from bot.surface.measures import Measure, measure

TEXT = '''\
import os, sys
from json import dumps as write

# a comment
class Shop:
    def price(self, item):
        """Say it."""
        if item and item.price or item.free:
            return 0
        return [one for one in item if one]

def price(item):
    # nothing is decided here
    return item
'''


@pytest.mark.parametrize(
    ("what", "function", "expected"),
    [
        (Measure.IMPORTS, "", 3),
        (Measure.LINES, "", 10),
        (Measure.BRANCHES, "", 4),
        (Measure.BRANCHES, "Shop.price", 4),
        (Measure.LINES, "Shop.price", 4),
        (Measure.LINES, "price", None),
        (Measure.BRANCHES, "gone", None),
        (Measure.IMPORTS, "Shop.price", None),
    ],
)
def test_a_measure_counts(what: Measure, function: str, expected: int | None) -> None:
    assert measure({"shop.py": TEXT}, what, function) == expected


def test_neither_layout_nor_docstring_of_a_function_counts() -> None:
    wide = "def f(a, b):\n    return g(\n        a,\n        b,\n    )\n"
    narrow = "def f(a, b):\n    '''Say\n\n    much.'''\n    return g(a, b)\n"
    assert measure({"a.py": wide}, Measure.LINES, "f") == measure({"a.py": narrow}, Measure.LINES, "f") == 2


def test_repeated_lines_are_counted_on_both_sides() -> None:
    lines = [f"call({number})" for number in range(8)]
    first = "\n".join(lines)
    second = "\n\n".join(["other()", *lines[1:7], "end()"])
    assert measure({"a.py": first, "b.py": second}, Measure.DUPLICATES) == 12
    assert measure({"a.py": first}, Measure.DUPLICATES) == 0


def test_what_cannot_be_parsed_cannot_be_measured() -> None:
    assert measure({"a.py": "def ("}, Measure.LINES) is None
