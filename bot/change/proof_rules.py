"""Does this test prove the reported bug? Decided by code where the issue says what went wrong, else by ``verify``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.change.records import Failure
from bot.toolchains.port import TestCase, TestRun
from bot.types import JsonModel

RUNS = 3
_ERROR_NAME = re.compile(r"\b([A-Z]\w{0,80}(?:Error|Exception|Warning|Interrupt|Exit|DoesNotExist))\b")
_RAISED_LINE = re.compile(
    r"^(?:E\s+)?(?:[\w.]{1,200}\.)?([A-Z]\w{0,80}(?:Error|Exception|Warning))(?::\s*(.*))?$", re.MULTILINE
)
_BROKEN_TEST = re.compile(
    r"\b(ImportError|ModuleNotFoundError|SyntaxError|IndentationError|NameError|FileNotFoundError)\b"
    r"|fixture '.*' not found"
)


class Reported(JsonModel):
    """What the issue says went wrong: errors shown as raised (name, message), and errors merely named."""

    raised: tuple[tuple[str, str], ...] = ()
    named: tuple[str, ...] = ()


class ProofCheck(JsonModel):
    """``problem`` tells the model what to mend; else ``matched`` says how code recognised the reported failure."""

    problem: str | None = None
    matched: str | None = None
    failures: tuple[Failure, ...] = ()


def reported_errors(text: str) -> Reported:
    """The exceptions an issue shows or names, in order, without repetition."""
    raised = tuple(dict.fromkeys((name, (message or "").strip()) for name, message in _RAISED_LINE.findall(text)))
    named = tuple(dict.fromkeys(_ERROR_NAME.findall(text)))
    return Reported(raised=raised, named=named)


def check_proof(runs: Sequence[TestRun], reported: Reported) -> ProofCheck:
    """Judge the runs of a new test on the unchanged code.

    It must be collected, fail in its call phase, fail the same way in every run, and not fail because the test
    itself is broken.
    """
    shapes = [_failing(run) for run in runs]
    problem = next((_unusable(run) for run in runs if _unusable(run)), None)
    if problem is None and len({frozenset(case.id for case in shape) for shape in shapes}) != 1:
        problem = (
            f"The test does not fail every time: it must fail in {len(runs)} of {len(runs)} runs. Remove what varies."
        )
    if problem is not None:
        return ProofCheck(problem=problem)
    failures = tuple(Failure(test=case.id, phase=case.phase, message=case.message[:2000]) for case in shapes[0])
    return _recognise(failures, reported)


def _failing(run: TestRun) -> list[TestCase]:
    """Return the tests that fail; what a plugin says of the file (its style, its types) proves nothing."""
    return [case for case in run.cases if case.verdict in {"failed", "error"} and case.kind != "check"]


def _unusable(run: TestRun) -> str | None:
    """Why one run cannot be a proof, or None."""
    failing = _failing(run)
    if run.result.ended != "exit" or (run.cases and not run.complete):
        tail = run.result.output[-1500:]
        return f"The test run gave no usable result ({run.result.ended}). Write a test that ends by itself.\n{tail}"
    if not run.cases:
        return f"No test was collected. The runner said:\n{run.result.output[-1500:]}"
    tests = [case for case in run.cases if case.kind != "check"]
    skipped = [case for case in tests if case.verdict == "skipped"]
    if skipped == tests and skipped:
        return f"The test is skipped here, so it proves nothing: {skipped[0].message[:500]}"
    if not failing:
        return "The test passes on the unchanged code, so it does not reproduce the bug. It must fail there."
    early = next((case for case in failing if case.phase != "call"), None)
    if early is not None:
        return (
            f"{early.id} fails in its {early.phase} phase, not in the test's body. Import what is under test inside "
            f"the test's body and use no failing fixture:\n{early.message[:1500]}"
        )
    return None


def _recognise(failures: tuple[Failure, ...], reported: Reported) -> ProofCheck:
    """Compare the exceptions that ended the tests, and nothing else in the failures, with what the issue reported."""
    ended = "\n".join(last_line(failure.message) for failure in failures)
    for name, message in reported.raised:
        if message and _raises(name, ended) and message in "\n".join(failure.message for failure in failures):
            return ProofCheck(matched=f"raises `{name}: {message}`, as reported", failures=failures)
    for name in dict.fromkeys([*(name for name, _ in reported.raised), *reported.named]):
        if _raises(name, ended):
            return ProofCheck(matched=f"fails with `{name}`, as reported", failures=failures)
    broken = next((failure for failure in failures if _BROKEN_TEST.search(last_line(failure.message))), None)
    if broken is not None:
        return ProofCheck(
            problem=f"{broken.test} fails because the test itself is broken, not because of the bug: "
            f"{last_line(broken.message)}"
        )
    other = [shown for shown in reported.raised if shown[0] != "AssertionError"]
    if other:
        shown = " or ".join(f"{name}: {message}".rstrip(": ") for name, message in other[-3:])
        return ProofCheck(
            problem=f"The issue shows `{shown}`, but the test fails with: {last_line(ended)}. Make it fail as reported."
        )
    return ProofCheck(failures=failures)


def _raises(name: str, ended: str) -> bool:
    """Does a test end with this exception? ``AssertionError`` is how any test fails, so it says nothing."""
    pattern = rf"^(?:[\w.]+\.)?{re.escape(name)}\b"
    return name != "AssertionError" and re.search(pattern, ended, re.MULTILINE) is not None


def last_line(message: str) -> str:
    """The line that names the exception: pytest puts it behind ``E``, others last, before a summary of theirs."""
    marked = [line[1:].strip() for line in message.splitlines() if line.startswith("E ")]
    if marked:
        return marked[0][:300]
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    raised = [line for line in lines if _RAISED_LINE.match(line)]
    return (raised or lines or [""])[-1][:300]
