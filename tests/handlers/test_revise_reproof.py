"""A pull request's new tests, run with its change and without it."""

from __future__ import annotations

from typing import Literal

from bot.sandbox.port import CommandResult
from bot.toolchains.port import Completeness, TestCase, TestRun, Verdict
from handlers.revise.reproof import find_turned


def run(complete: bool = True, phase: Literal["setup", "call"] = "call", **verdicts: Verdict) -> TestRun:
    cases = tuple(TestCase(id=name, verdict=verdict, phase=phase) for name, verdict in verdicts.items())
    result = CommandResult(
        argv=("pytest",), exit_code=1, output="", truncated=False, seconds=1.0, peak_mb=None, ended="exit"
    )
    return TestRun(command="pytest", cases=cases, result=result, completeness=Completeness(ok=complete))


def named(without: list[TestRun], with_it: list[TestRun]) -> list[str]:
    return [failure.test for failure in find_turned(without, with_it)]


def test_only_what_always_fails_without_and_always_passes_with_the_change_counts() -> None:
    without = [run(a="failed", b="failed", c="passed", d="failed"), run(a="failed", b="passed", c="passed", d="failed")]
    with_it = [
        run(a="passed", b="passed", c="passed", d="passed"),
        run(a="passed", b="passed", c="passed", d="skipped"),
    ]
    assert named(without, with_it) == ["a"]


def test_a_broken_set_up_and_a_run_cut_short_show_nothing() -> None:
    assert named([run(a="failed")], [run(a="passed")]) == ["a"]
    assert named([run(phase="setup", a="error")], [run(a="passed")]) == []
    assert named([run(complete=False, a="failed")], [run(a="passed")]) == []
    assert named([run(a="failed")], [run(complete=False, a="passed")]) == []
