"""Exit codes: what is known of a run that wrote no report."""

from __future__ import annotations

import pytest

from bot.toolchains.events import Fold
from bot.toolchains.exit_code import read_exit_code
from tests.toolchains.conftest import ended


@pytest.mark.parametrize(
    ("output", "code", "expected"),
    [
        ("Ran 3 tests in 0.1s\n\nOK\n", 0, ("passed", "call")),
        ("Ran 3 tests in 0.1s\n\nFAILED (failures=1)\n", 1, ("failed", "call")),
        ("1 failed, 2 passed in 0.1s\n", 1, ("failed", "call")),
        ("anything\n", 0, ("passed", "call")),
        ("make: *** [test] Error 1\n", 2, ("failed", "call")),
        ("Traceback (most recent call last):\nAssertionError: 1 != 2\n", 1, ("failed", "call")),
        # no test was reached
        ("ERROR: test_a (unittest.loader._FailedTest.test_a)\nRan 1 test in 0.0s\n\nFAILED (errors=1)\n", 1,
         ("error", "collect")),
        ("Traceback (most recent call last):\n  File ...\nModuleNotFoundError: No module named 'x'\n", 1,
         ("error", "collect")),
        ("django.core.exceptions.ImproperlyConfigured: settings are not configured.\n", 1, ("error", "collect")),
        ("Ran 0 tests in 0.0s\n\nFAILED (errors=1)\n", 1, ("error", "collect")),
        # one module of several cannot be loaded: the others ran
        ("ERROR: test_a (unittest.loader._FailedTest.test_a)\nRan 4 tests in 0.0s\n\nFAILED (errors=1)\n", 1,
         ("failed", "call")),
        ("Ran 0 tests in 0.0s\n\nOK\n", 0, None),
        ("no tests ran in 0.01s\n", 5, None),
        # the same of other runners: cargo, RSpec, mocha, node, PHPUnit, Maven, Jest
        ("running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n", 0, None),
        ("running 0 tests\ntest result: ok. 0 passed\nrunning 2 tests\ntest result: ok. 2 passed\n", 0,
         ("passed", "call")),
        ("No examples found.\n\n0 examples, 0 failures\n", 0, None),
        ("3 examples, 1 failure\n", 1, ("failed", "call")),
        ("\n  0 passing (1ms)\n", 0, None),
        ("\n  10 passing (1ms)\n", 0, ("passed", "call")),
        ("# tests 0\n# pass 0\n", 0, None),
        ("ℹ tests 2\nℹ pass 2\n", 0, ("passed", "call")),
        ("No tests executed!\n", 0, None),
        ("[INFO] Tests run: 0, Failures: 0\n", 0, None),
        ("[INFO] Tests run: 4, Failures: 0\n[INFO] Tests run: 0, Failures: 0\n", 0, ("passed", "call")),
        ("No tests found, exiting with code 1\n", 1, ("error", "collect")),
        # one of two runners had nothing to do
        ("Ran 0 tests in 0.0s\n\nOK\n12 passed in 0.1s\n", 0, ("passed", "call")),
    ],
)  # fmt: skip
def test_what_an_exit_code_says(output: str, code: int, expected: tuple[str, str] | None) -> None:
    result = ended(code, output)
    cases, completeness = Fold().add(read_exit_code(result, "make test")).close(result)
    assert completeness.ok
    assert [(case.verdict, case.phase) for case in cases] == ([expected] if expected else [])
