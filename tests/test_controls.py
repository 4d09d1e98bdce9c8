"""Every control of docs/controls.md names tests that exist and are collected."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "controls.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| area", "| ---"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[2].strip()[:40])
def test_each_control_has_tests_that_are_collected(row: str) -> None:
    *_, tests, _end = row.split("|")
    named = re.findall(r"`(tests/(?:\w+/)*test_\w+\.py)::(test_\w+)`", tests)
    assert named, "a control without a test"
    assert "".join(tests.split()) == ",".join(f"`{file}::{name}`" for file, name in named), (
        "something else stands there"
    )
    for file, name in named:
        found = [node for node in ast.parse((ROOT / file).read_text()).body if getattr(node, "name", "") == name]
        assert [type(node) for node in found] in ([ast.FunctionDef], [ast.AsyncFunctionDef]), f"{file} has no {name}"
        marks = [ast.unparse(mark) for mark in found[0].decorator_list]  # type: ignore[attr-defined]
        assert not [mark for mark in marks if "skip" in mark or "xfail" in mark], f"{name} is not run"


def test_there_are_controls_of_every_area() -> None:
    areas = {row.split("|")[1].strip() for row in ROWS}
    assert areas >= {"Access", "Change management", "Logging", "Data minimisation", "Secrets", "Retention"}
