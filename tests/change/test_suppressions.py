"""Suppressions: what silences a check is found in what is added, and what is only moved is not."""

from __future__ import annotations

import pytest

from bot.change.suppressions import suppressions_gate
from bot.toolchains.python.paths import is_test


def diff(path: str, removed: str, added: str) -> str:
    old = removed.splitlines()
    new = added.splitlines()
    lines = [f"-{line}" for line in old] + [f"+{line}" for line in new]
    head = f"diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n--- a/{path}\n+++ b/{path}\n"
    return f"{head}@@ -1,{len(old)} +1,{len(new)} @@\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("path", "added"),
    [
        ("a.py", "x = 1  # noqa"),
        ("a.py", "x = f()  # type: ignore[attr-defined]"),
        ("a.py", "if x:  # pragma: no cover"),
        ("a.py", "x = 1  # pylint: disable=all"),
        ("a.ts", "// @ts-ignore"),
        ("a.js", "/* eslint-disable */"),
        ("a.rs", "#[allow(dead_code)]"),
        ("tests/test_a.py", "@pytest.mark.skip"),
        ("tests/test_a.py", "@pytest.mark.skipif(sys.platform, reason='')"),
        ("tests/test_a.py", "@pytest.mark.xfail(strict=False)"),
        ("tests/test_a.py", "    pytest.skip('later')"),
        ("tests/test_a.py", "    @unittest.skip('later')"),
        ("tests/test_a.py", "        self.skipTest('later')"),
        ("a.test.js", "it.skip('adds', () => {})"),
        ("a_test.go", '\tt.Skip("later")'),
    ],
)
def test_what_silences_a_check_is_found(path: str, added: str) -> None:
    gate = suppressions_gate(diff(path, "old", added), is_test)
    assert not gate.passed
    assert gate.detail.startswith(path)


@pytest.mark.parametrize(
    ("path", "removed", "added"),
    [
        ("a.py", "x = 1  # noqa", "y = 1  # noqa"),
        ("tests/test_a.py", "def test_a():\n    pass", "async def test_a():\n    pass"),
        ("pyproject.toml", "fail_under = 80", "fail_under = 90"),
        ("a.py", "x = 1", "skip = True"),
    ],
)
def test_what_is_moved_or_raised_is_not(path: str, removed: str, added: str) -> None:
    assert suppressions_gate(diff(path, removed, added), is_test).passed


def test_a_second_suppression_is_new_even_where_one_was_moved() -> None:
    gate = suppressions_gate(diff("a.py", "x = 1  # noqa", "x = 1  # noqa\ny = 1  # noqa"), is_test)
    assert gate.detail == "a.py silences a check: y = 1  # noqa"


@pytest.mark.parametrize("name", ["def test_a():", "    def test_a(self):", "async def test_a():"])
def test_a_deleted_test_is_named(name: str) -> None:
    gate = suppressions_gate(diff("tests/test_a.py", name, "def test_b():"), is_test)
    assert gate.detail == "tests/test_a.py loses a test: test_a"


@pytest.mark.parametrize(
    ("path", "removed", "added"),
    [
        ("pyproject.toml", "fail_under = 80", "fail_under = 70"),
        ("setup.cfg", "addopts = --cov-fail-under=80", "addopts = --cov-fail-under=79.5"),
        ("package.json", '    "branches": 80,', '    "branches": 10,'),
    ],
)
def test_a_lowered_threshold_is_found(path: str, removed: str, added: str) -> None:
    assert "lowers a threshold" in suppressions_gate(diff(path, removed, added), is_test).detail
