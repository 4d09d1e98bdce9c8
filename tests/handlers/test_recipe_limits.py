"""How large a change may be belongs to its recipe."""

from __future__ import annotations

from typing import Any

import pytest

from bot.change.gates import size_gate
from bot.change.recipe import Recipe
from handlers.fix.recipe import FIX
from handlers.implement.recipe import IMPLEMENT


def diff(files: int, lines: int) -> str:
    """A diff of so many files, each with so many added lines."""
    hunk = f"@@ -1,1 +1,{lines + 1} @@\n x = 1\n" + "+y = 1\n" * lines
    return "".join(f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n{hunk}" for name in range(files))


@pytest.mark.parametrize(
    ("recipe", "files", "lines", "passed"),
    [
        (FIX, 20, 40, True),
        (FIX, 21, 1, False),
        (FIX, 1, 801, False),
        (IMPLEMENT, 60, 50, True),
        (IMPLEMENT, 61, 1, False),
        (IMPLEMENT, 1, 3001, False),
    ],
)
def test_a_feature_may_be_larger_than_a_fix(
    recipe: Recipe[Any, Any, Any], files: int, lines: int, passed: bool
) -> None:
    gate = size_gate(diff(files, lines), recipe.gates.files, recipe.gates.lines)
    assert gate.passed is passed
    assert passed or f"allowed are 1 to {recipe.gates.files} files, {recipe.gates.lines} lines" in gate.detail
