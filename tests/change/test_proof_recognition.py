"""A proof is recognised by the exception that ended the test, run by real pytest and unittest."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.change.proof_rules import ProofCheck, check_proof, reported_errors
from bot.sandbox.port import CommandResult
from bot.toolchains.events import Fold
from bot.toolchains.port import TestRun
from bot.toolchains.results import ResultsChannel

INSIDE = Path(__file__).parents[2] / "bot" / "toolchains" / "python" / "inside"
PRODUCT = """import json


class PriceError(Exception):
    pass


def parse(text, strict=False):
    if not text:
        raise ValueError("empty input")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PriceError("not a price: " + text) from error


def apply(function):
    return function()
"""
EMPTY = "It crashes:\n\nValueError: empty input\n"
CHAINED = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n\nshop.PriceError: not a price: x\n"
TYPE = "`parse('1')` ends with\n\nTypeError: parse() got an unexpected keyword argument 'stric'\n"
RIGHT = "    shop.parse('')\n"
RIGHTLY = "matched"
VERIFIER = "verifier"
BROKEN = "broken"


def run(folder: Path, body: str, runner: str) -> TestRun:
    """Run a test of this body beside the product, with the reporter that the sandbox uses."""
    (folder / "shop.py").write_text(PRODUCT)
    if runner == "pytest":
        text = f"def test_it():\n    import shop\n{body}"
        command = ["-m", "pytest", "-q", "-p", "forgehand_pytest", "-p", "no:cacheprovider", "test_it.py"]
    else:
        inner = "".join(f"    {line}\n" for line in body.splitlines())
        text = f"import unittest\n\nclass It(unittest.TestCase):\n    def test_it(self):\n        import shop\n{inner}"
        command = [str(INSIDE / "forgehand_unittest.py"), "test_it.py"]
    (folder / "test_it.py").write_text(text)
    channel = ResultsChannel(folder / "results")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{INSIDE}:{folder}",
        "FORGEHAND_RESULTS": str(channel.directory),
        "FORGEHAND_ROOT": str(folder),
        "FORGEHAND_PATH": str(folder),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # a sandbox has none of those that our own tests use
    }
    done = subprocess.run([sys.executable, *command], cwd=folder, env=env, capture_output=True, text=True, check=False)
    recorded = channel.read()
    assert recorded is not None, done.stdout + done.stderr
    result = CommandResult(
        argv=("python",),
        exit_code=done.returncode,
        output=done.stdout,
        truncated=False,
        seconds=1.0,
        peak_mb=None,
        ended="exit",
    )
    cases, completeness = Fold().add(recorded).close(result)
    assert completeness.ok, completeness.reason
    return TestRun(command="pytest", cases=cases, result=result, completeness=completeness)


def outcome(checked: ProofCheck) -> str:
    if checked.problem is not None:
        assert "the test itself is broken" in checked.problem, checked.problem
        return BROKEN
    return RIGHTLY if checked.matched else VERIFIER


@pytest.mark.parametrize("runner", ["pytest", "unittest"])
@pytest.mark.parametrize(
    ("issue", "body", "expected"),
    [
        # raised by the product, type and message
        (EMPTY, RIGHT, RIGHTLY),
        # the issue shows the first of a chain, or the follow-up error
        (CHAINED, "    shop.parse('x')\n", RIGHTLY),
        (CHAINED.splitlines()[2], "    shop.parse('x')\n", RIGHTLY),
        ("shop.PriceError: not a price: one that is cut...\n", "    shop.parse('one that is cut here')\n", RIGHTLY),
        # the test raises it itself, in a helper of its own, in a callback, through a stand-in
        (EMPTY, "    raise ValueError('empty input')\n", VERIFIER),
        (EMPTY, "    def fail():\n        raise ValueError('empty input')\n    fail()\n", VERIFIER),
        (EMPTY, "    def fail():\n        raise ValueError('empty input')\n    shop.apply(fail)\n", VERIFIER),
        (EMPTY, "    from unittest.mock import Mock\n    shop.apply(Mock(side_effect=ValueError('empty input')))\n",
         VERIFIER),
        # code that borrows the product's name
        (EMPTY, "    exec(compile(\"raise ValueError('empty input')\", shop.__file__, 'exec'))\n", VERIFIER),
        # a name alone, another message, a mistyped call
        ("It should raise ValueError.", RIGHT, VERIFIER),
        ("ValueError: something else\n", RIGHT, VERIFIER),
        (TYPE, "    shop.parse('1', stric=True)\n", VERIFIER),
        # what is asserted is left to the verifier too, whatever error the issue shows
        (EMPTY, "    assert shop.parse('1') == 2\n", VERIFIER),
        ("AssertionError: 1 != 2\n", "    assert shop.parse('1') == 2\n", VERIFIER),
        # the test cannot run as it is written
        (EMPTY, "    import nowhere_at_all\n", BROKEN),
        (EMPTY, "    shop.parse(prise)\n", BROKEN),
        ("ModuleNotFoundError: No module named 'nowhere_at_all'\n", "    import nowhere_at_all\n", VERIFIER),
    ],
)  # fmt: skip
def test_what_ended_the_test_decides(tmp_path: Path, issue: str, body: str, expected: str, runner: str) -> None:
    told = run(tmp_path, body, runner)
    assert told.cases[0].raised, "the reporter tells what was raised"
    assert outcome(check_proof([told] * 3, reported_errors(issue), {"shop.py"}.__contains__)) == expected
