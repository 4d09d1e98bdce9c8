"""What two runs of the same tests say of a change."""

from __future__ import annotations

from typing import Any

from bot.sandbox.port import CommandResult
from bot.toolchains.port import Completeness, TestCase, TestRun, Verdict
from handlers.review.nearest_tests import compare_runs, find_broken, write_results


def case(name: str, verdict: Verdict = "passed", **more: Any) -> TestCase:
    return TestCase(id=name, verdict=verdict, **more)


def run(*cases: TestCase, complete: bool = True, ended: Any = "exit") -> TestRun:
    result = CommandResult(
        argv=("pytest",), exit_code=0, output="", truncated=False, seconds=1.0, peak_mb=None, ended=ended
    )
    return TestRun(command="pytest tests", cases=cases, result=result, completeness=Completeness(ok=complete))


def test_a_file_that_cannot_be_loaded_any_more_is_broken() -> None:
    before = run(case("tests/test_a.py::test_one"), case("tests/test_b.py::test_two", "failed"))
    gone = [case(f"tests/test_{name}.py", "error", phase="collect", message="ImportError: one") for name in "ab"]
    now = run(*gone)
    broken = find_broken(before, now)
    assert [one.id for one in broken] == ["tests/test_a.py"], "of the other nothing had passed"
    found = compare_runs(before, now, broken)
    assert "passed, fails now: tests/test_a.py\n  ImportError: one" in write_results(found)


def test_every_end_is_counted_once() -> None:
    before = run(case("f::same"), case("f::breaks"), case("f::red", "failed"), case("f::mended", "failed"))
    now = run(
        case("f::same"), case("f::breaks", "failed", message="1 != 2"), case("f::red", "error"), case("f::mended"),
        case("f::new"), case("f::new_red", "failed"), case("f::skipped", "skipped"),
    )  # fmt: skip
    found = compare_runs(before, now, find_broken(before, now))
    assert found.counts.split(", ") == [
        "1 pass without the change and with it",
        "1 pass and are new",
        "1 fail without the change and pass with it",
        "1 fail without the change and with it",
        "1 are new and fail",
        "1 pass without the change and fail with it",
    ]
    assert [one.id for one in found.broken] == ["f::breaks"]


def test_a_run_that_was_stopped_says_nothing_of_the_change() -> None:
    whole, stopped = run(case("f::one")), run(case("f::one"), complete=False, ended="timeout")
    for before, now, which in ((whole, stopped, "with"), (stopped, whole, "without")):
        found = compare_runs(before, now, ())
        assert found.problem == f"`pytest tests` gave no usable results {which} the change (timeout)"
        assert not found.counts
        assert write_results(found).startswith("They could not be run: ")


def test_tests_that_the_change_adds_have_nothing_to_be_compared_with() -> None:
    found = compare_runs(None, run(case("f::new"), case("f::red", "failed")), ())
    assert found.counts == "1 pass and are new, 1 are new and fail"
    assert write_results(found).endswith("new: f::red")
