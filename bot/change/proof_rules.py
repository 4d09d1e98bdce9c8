"""Decide whether a test proves the reported bug: by the exception that ended it, else left to the verifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath

from bot.change.records import Failure
from bot.toolchains.port import Phase, RaisedError, TestCase, TestRun
from bot.types import JsonModel
from bot.work.failures import RAISED_LINE, summarise

RUNS = 3
# a message that an issue cuts short must keep this many characters to be told from others
_CUT = 12
# a frame of a traceback, of Python's and of pytest's; not one of code that was typed
_FRAME = re.compile(r'^[ \t]*File "([^"<][^"]*)", line \d+|^([\w./\\-]+\.py):\d+:', re.MULTILINE)
# lines that say nothing by themselves: frames, the code in them, fences, our own marks of them
_NO_PROSE = re.compile(
    r"\s{2,}|\t|[`~>]{2,}|>\s|E\s|Traceback \(|[\w./\\-]+\.py:\d+:|During handling |The above exc|_ _ "
)
# words of what should happen, and words of what does, behind which they no longer count
_WISHED = re.compile(
    r"\b(?:expect\w*|should|supposed|ought|wants?|wanted|wish\w*|desired|would|must|instead of)\b", re.I
)
_TOLD = re.compile(
    r"\b(?:actual\w*|but|got|gets?|gives?|gave|however|observed|currently|now|raises|raised|throws|threw|crash\w*|"
    r"fail\w*|instead(?! of\b))\b",
    re.I,
)
# a test that ends with one of these, raised by itself, cannot run as it is written
_BROKEN_TEST = {
    "ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "NameError", "FileNotFoundError",
    "ReferenceError",
}  # fmt: skip
_MISSING = re.compile(r"^(?:ImportError: cannot import name|ModuleNotFoundError: No module named) '([\w.]{1,200})'")
_BROKEN_TEXT = re.compile(rf"^(?:{'|'.join(sorted(_BROKEN_TEST))})\b|fixture '.*' not found")

# what to do about a test that fails elsewhere than in its body
_ADVICE: Mapping[Phase, str] = {
    "build": "Call only what the unchanged code has, so that it compiles",
    "collect": "Import what is under test inside the test's body",
    "setup": "Use no fixture or hook that fails",
    "teardown": "Use no fixture or hook that fails",
    "crash": "Write a test that does not end its process",
    "timeout": "Write a test that ends by itself",
}


class ReportedException(JsonModel):
    """Exception that an issue shows."""

    name: str
    message: str
    files: frozenset[str] = frozenset()  # names of the files in the traceback above it
    wanted: bool = False  # the words before it say that it is what should happen, or may say so


class ProofCheck(JsonModel):
    """The result for a test: a ``problem`` to fix, or how it ``matched``."""

    problem: str | None = None
    matched: str | None = None
    failures: tuple[Failure, ...] = ()


def reported_errors(text: str) -> tuple[ReportedException, ...]:
    """Return the exceptions an issue shows, in order, without repetition."""
    found: list[ReportedException] = []
    at = 0
    for match in RAISED_LINE.finditer(text):
        above = text[at : match.start()]
        at = match.end()
        named = {re.split(r"[/\\]", path)[-1] for pair in _FRAME.findall(above) for path in pair if path}
        found.append(
            ReportedException(
                name=match[1], message=(match[2] or "").strip(), files=frozenset(named), wanted=_is_wanted(above)
            )
        )
    return tuple(dict.fromkeys(found))


def _is_wanted(above: str) -> bool:
    """Return whether the words above an exception tell of a wish."""
    prose = [line for line in above.split("\n") if line.strip() and not _NO_PROSE.match(line)]
    words = " ".join(prose[-2:])
    told = max((match.end() for match in _TOLD.finditer(words)), default=0)
    return _WISHED.search(words, told) is not None


def check_proof(
    runs: Sequence[TestRun],
    reported: Sequence[ReportedException],
    is_product: Callable[[str], bool],
    to_come: Collection[str] = (),
) -> ProofCheck:
    """Judge the runs of a new test on the unchanged code.

    It must be collected, fail in its call phase, fail the same way in every run, and not fail because the test
    itself is broken. ``is_product`` says of a path whether it was there before the test and is no test itself. Names
    ``to_come`` are those that the change is to make: a test that cannot import one is not broken.
    """
    shapes = [_failing(run) for run in runs]
    problem = next((_unusable(run) for run in runs if _unusable(run)), None)
    if problem is None and len({frozenset(case.id for case in shape) for shape in shapes}) != 1:
        problem = f"The test does not fail every time: it must fail in {RUNS} of {RUNS} runs. Remove what varies."
    if problem is not None:
        return ProofCheck(problem=problem)
    failures = tuple(
        Failure(test=case.id, phase=case.phase, message=case.message[:2000], raised=case.raised) for case in shapes[0]
    )
    return _recognise(failures, reported, is_product, to_come)


def _failing(run: TestRun) -> list[TestCase]:
    """Return the tests that fail, not what a plugin says of a file."""
    return [case for case in run.cases if case.verdict in {"failed", "error"} and case.kind != "check"]


def _unusable(run: TestRun) -> str | None:
    """Return why one run cannot be a proof, or None."""
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
            f"{early.id} fails in its {early.phase} phase, not in the test's body. {_ADVICE[early.phase]}:\n"
            f"{early.message[:1500]}"
        )
    return None


def _recognise(
    failures: tuple[Failure, ...],
    reported: Sequence[ReportedException],
    is_product: Callable[[str], bool],
    to_come: Collection[str],
) -> ProofCheck:
    """Find the reported exception among those that ended the tests."""
    # Where none decides, the verifier does. An exception counts by type and message together, and only where the
    # product raised it: a test can raise anything itself. A file that is not in the reported traceback may raise the
    # same for another reason, and what an issue wants to be raised is no bug.
    shown = [one for one in reported if one.message and one.name != "AssertionError" and not one.wanted]
    for error in (error for failure in failures for error in failure.raised):
        told = [one for one in shown if not one.files or PurePosixPath(error.path).name in one.files]
        if error.genuine and is_product(error.path) and any(_same(error, one) for one in told):
            return ProofCheck(matched=f"raises `{error.type}: {error.message[:200]}`, as reported", failures=failures)
    broken = next(
        (one for one in failures if _is_broken(one, reported, is_product) and not _misses(one, to_come)), None
    )
    if broken is not None:
        return ProofCheck(
            problem=f"{broken.test} fails because the test itself is broken, not because of the bug: "
            f"{summarise(broken.message)}"
        )
    return ProofCheck(failures=failures)


def _same(error: RaisedError, one: ReportedException) -> bool:
    """Compare type and first line of the message; an issue may cut a long one."""
    first = " ".join((error.message.strip().splitlines() or [""])[0].split())
    wanted = " ".join(one.message.split())
    cut = wanted.rstrip(".… ")
    return error.type == one.name and (
        first == wanted or (cut != wanted and len(cut) >= _CUT and first.startswith(cut))
    )


def _misses(failure: Failure, to_come: Collection[str]) -> bool:
    """Return whether a test ends because a name to come cannot be imported."""
    found = _MISSING.search(summarise(failure.message))
    return found is not None and found[1].rpartition(".")[2] in to_come


def _is_broken(failure: Failure, reported: Sequence[ReportedException], is_product: Callable[[str], bool]) -> bool:
    """Return whether a test cannot run as written, and not for the bug."""
    if failure.raised:
        ended = failure.raised[0]
        known = any(_same(ended, one) for one in reported)
        return ended.type in _BROKEN_TEST and not is_product(ended.path) and not known
    line = summarise(failure.message)
    known = any(line == f"{one.name}: {one.message}" for one in reported)
    return _BROKEN_TEXT.search(line) is not None and not known
