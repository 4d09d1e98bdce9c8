"""Rules of a proof, applied to runs as the toolchain reports them."""

from __future__ import annotations

import pytest

from bot.change.proof_rules import ProofCheck, check_proof, reported_errors
from bot.sandbox.port import CommandResult
from bot.toolchains.port import Completeness, RaisedError, TestCase, TestRun

ISSUE = """Crash on empty input

Traceback (most recent call last):
  File "a.py", line 3, in <module>
ValueError: empty input
"""


def run(*cases: TestCase, ended: str = "exit", output: str = "") -> TestRun:
    result = CommandResult(
        argv=("pytest",), exit_code=1, output=output, truncated=False, seconds=1.0, peak_mb=None, ended=ended
    )
    return TestRun(command="pytest", cases=cases, result=result, completeness=Completeness(ok=ended == "exit"))


def case(message: str, *, name: str = "t.py::test", verdict: str = "failed", phase: str = "call") -> TestCase:
    return TestCase(id=name, verdict=verdict, phase=phase, message=message)


def check(runs: list[TestRun], issue: str) -> ProofCheck:
    return check_proof(runs, reported_errors(issue), {"a.py"}.__contains__)


def test_reads_errors_that_are_shown_and_none_that_are_named() -> None:
    reported = reported_errors(ISSUE + "I would expect a `my.pkg.ParseError` instead.")
    assert [(one.name, one.message, one.files) for one in reported] == [("ValueError", "empty input", {"a.py"})]


@pytest.mark.parametrize(
    ("issue", "matched"),
    [
        ("It crashes:\n\nValueError: empty input\n", True),
        ("I expected 0, but got:\n\n```\nValueError: empty input\n```\n", True),
        ("It should return 0. Instead:\n\n    x = 1\nValueError: empty input\n", True),
        ('Traceback (most recent call last):\n  File "<stdin>", line 1, in <module>\nValueError: empty input\n', True),
        ('Traceback:\n  File "C:\\\\lib\\\\a.py", line 3, in parse\n    parse(x)\nValueError: empty input\n', True),
        # what should happen
        ("`parse('')` returns None. It should end with\n\n```\nValueError: empty input\n```\n", False),
        ("### Actual\n\nNone\n\n### Expected behaviour\n\nValueError: empty input\n", False),
        # the same error out of another file
        ('Traceback (most recent call last):\n  File "/x/b.py", line 3, in load\nValueError: empty input\n', False),
        ("x/b.py:3: ValueError\nValueError: empty input\n", False),
    ],
)
def test_an_error_that_is_wanted_or_came_from_elsewhere_is_left_to_the_verifier(issue: str, matched: bool) -> None:
    raised = RaisedError(type="ValueError", message="empty input", path="a.py", genuine=True)
    one = case("E   ValueError: empty input").model_copy(update={"raised": (raised,)})
    checked = check([run(one)] * 3, issue)
    assert checked.problem is None
    assert (checked.matched is not None) is matched


def test_the_shown_error_is_recognised_by_code_where_the_product_raised_it() -> None:
    raised = RaisedError(type="ValueError", message="empty input", path="a.py", genuine=True)
    for change, matched in (({}, True), ({"path": "t.py"}, False), ({"genuine": False}, False)):
        one = case("E   ValueError: empty input").model_copy(update={"raised": (raised.model_copy(update=change),)})
        checked = check([run(one)] * 3, ISSUE)
        assert checked.problem is None
        assert checked.matched == ("raises `ValueError: empty input`, as reported" if matched else None)


def test_where_the_runner_tells_nothing_of_errors_the_verifier_decides() -> None:
    for message in ("E   ValueError: empty input", "x = 1\n# ValueError: empty input\nE   assert 2 == 1"):
        checked = check([run(case(message))] * 3, ISSUE)
        assert (checked.problem, checked.matched) == (None, None)


def test_nothing_named_is_left_to_the_verifier() -> None:
    checked = check([run(case("E   assert 3600 == 5400"))] * 3, "1h30m loses its minutes")
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
        ([run(case("ReferenceError: totals is not defined\n    at t.js:3:1"))] * 3, "the test itself is broken"),
        ([run(case("E   assert 0"), ended="timeout")] * 3, "no usable result (timeout)"),
    ],
)
def test_what_is_no_proof(runs: list[TestRun], words: str) -> None:
    assert words in (check(runs, "It is wrong").problem or "")


def test_an_import_error_that_was_reported_is_a_proof() -> None:
    issue = "ImportError: cannot import name 'x' from 'pkg'\n"
    checked = check([run(case("E   ImportError: cannot import name 'x' from 'pkg'"))] * 3, issue)
    assert checked.problem is None


def test_a_test_that_is_skipped_or_only_badly_styled_proves_nothing() -> None:
    skipped = run(case("needs a server", verdict="skipped"))
    style = case("line too long", name="t.py::STYLE").model_copy(update={"kind": "check"})
    assert "needs a server" in (check([skipped] * 3, "").problem or "")
    passing = run(case("", verdict="passed"), style)
    assert "passes on the unchanged code" in (check([passing] * 3, "").problem or "")


@pytest.mark.parametrize(
    ("message", "to_come", "broken"),
    [
        ("E   ImportError: cannot import name 'write' from 'durations' (/work/durations/__init__.py)", "write", False),
        ("E   ModuleNotFoundError: No module named 'durations.write'", "write", False),
        ("E   ModuleNotFoundError: No module named 'durations.write'", "weeks", True),
        ("E   ModuleNotFoundError: No module named 'requests'", "write", True),
        ("E   NameError: name 'write' is not defined", "write", True),
    ],
)
def test_a_name_that_the_change_makes_may_be_missing(message: str, to_come: str, broken: bool) -> None:
    checked = check_proof([run(case(message))] * 3, (), {"a.py"}.__contains__, [to_come])
    assert ("the test itself is broken" in (checked.problem or "")) is broken
    assert "the test itself is broken" in (check([run(case(message))] * 3, "").problem or "")
