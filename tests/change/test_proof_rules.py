"""What counts as a proof, decided on runs as the toolchain reports them."""

from __future__ import annotations

import pytest

from bot.change.proof_rules import check_proof, reported_errors
from bot.sandbox.port import CommandResult
from bot.toolchains.port import TestCase, TestRun

ISSUE = """Crash on empty input

Traceback (most recent call last):
  File "a.py", line 3, in <module>
ValueError: empty input
"""


def run(*cases: TestCase, ended: str = "exit", output: str = "") -> TestRun:
    result = CommandResult(
        argv=("pytest",), exit_code=1, output=output, truncated=False, seconds=1.0, peak_mb=None, ended=ended
    )
    return TestRun(command="pytest", cases=cases, result=result, complete=ended == "exit")


def case(message: str, *, name: str = "t.py::test", verdict: str = "failed", phase: str = "call") -> TestCase:
    return TestCase(id=name, verdict=verdict, phase=phase, message=message)


def test_reads_errors_shown_and_named() -> None:
    reported = reported_errors(ISSUE + "I would expect a `my.pkg.ParseError` instead.")
    assert reported.raised == (("ValueError", "empty input"),)
    assert reported.named == ("ValueError", "ParseError")


def test_the_shown_error_is_recognised_by_code() -> None:
    checked = check_proof([run(case("x = f('')\nE   ValueError: empty input"))] * 3, reported_errors(ISSUE))
    assert checked.problem is None
    assert checked.matched == "raises `ValueError: empty input`, as reported"


def test_a_named_error_counts_only_where_it_is_raised() -> None:
    reported = reported_errors("It should raise DurationError for '5x'.")
    checked = check_proof([run(case("E   Failed: DID NOT RAISE <class 'durations.DurationError'>"))] * 3, reported)
    assert (checked.problem, checked.matched) == (None, None), "left to the verifier: it is not raised here"
    checked = check_proof([run(case("E   durations.DurationError: not a duration"))] * 3, reported)
    assert checked.matched == "fails with `DurationError`, as reported"


def test_words_in_the_tests_own_source_prove_nothing() -> None:
    message = "def test():\n    # ValueError: empty input\n>   assert f() == 1\nE   assert 2 == 1"
    checked = check_proof([run(case(message))] * 3, reported_errors(ISSUE))
    assert checked.matched is None
    assert "Make it fail as reported" in (checked.problem or "")


def test_nothing_named_is_left_to_the_verifier() -> None:
    checked = check_proof([run(case("E   assert 3600 == 5400"))] * 3, reported_errors("1h30m loses its minutes"))
    assert (checked.problem, checked.matched) == (None, None)
    assert checked.failures[0].message == "E   assert 3600 == 5400"


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([run(case("ok", verdict="passed"))] * 3, "passes on the unchanged code"),
        ([run(output="ERROR: not found")] * 3, "No test was collected"),
        ([run(case("ImportError: no x", phase="collect", verdict="error"))] * 3, "collect phase"),
        ([run(case("fixture 'db' not found", phase="setup", verdict="error"))] * 3, "setup phase"),
        (
            [run(case("E   assert 0")), run(case("E   assert 0")), run(case("", verdict="passed"))],
            "passes on the unchanged",
        ),
        ([run(case("E   a")), run(case("E   a", name="t.py::other")), run(case("E   a"))], "does not fail every time"),
        ([run(case("E   ModuleNotFoundError: No module named 'wrong'"))] * 3, "the test itself is broken"),
        ([run(case("E   NameError: name 'pars' is not defined"))] * 3, "the test itself is broken"),
        ([run(case("E   assert 0"), ended="timeout")] * 3, "no usable result (timeout)"),
    ],
)
def test_what_is_no_proof(runs: list[TestRun], words: str) -> None:
    assert words in (check_proof(runs, reported_errors("It is wrong")).problem or "")


def test_another_error_than_the_shown_one_is_no_proof() -> None:
    problem = check_proof([run(case("E   assert 1 == 2"))] * 3, reported_errors(ISSUE)).problem
    assert problem is not None
    assert "shows `ValueError: empty input`, but the test fails with: assert 1 == 2" in problem


def test_an_import_error_that_was_reported_is_a_proof() -> None:
    issue = "ImportError: cannot import name 'x' from 'pkg'\n"
    checked = check_proof([run(case("E   ImportError: cannot import name 'x' from 'pkg'"))] * 3, reported_errors(issue))
    assert checked.problem is None


def test_an_assertion_shown_in_the_issue_is_left_to_the_verifier() -> None:
    reported = reported_errors("AssertionError: 'a' != 'b'\n")
    output = "Traceback (most recent call last):\n  File x\nAssertionError: 1 != 2\n\nRan 3 tests\nFAILED (failures=1)"
    checked = check_proof([run(case(output))] * 3, reported)
    assert (checked.problem, checked.matched) == (None, None)
    other = check_proof(
        [run(case(output.replace("AssertionError: 1 != 2", "ValueError: empty input")))] * 3, reported_errors(ISSUE)
    )
    assert other.matched == "raises `ValueError: empty input`, as reported"


def test_a_test_that_is_skipped_or_only_badly_styled_proves_nothing() -> None:
    skipped = run(case("needs a server", verdict="skipped"))
    style = case("line too long", name="t.py::STYLE").model_copy(update={"kind": "check"})
    assert "needs a server" in (check_proof([skipped] * 3, reported_errors("")).problem or "")
    passing = run(case("", verdict="passed"), style)
    assert "passes on the unchanged code" in (check_proof([passing] * 3, reported_errors("")).problem or "")
