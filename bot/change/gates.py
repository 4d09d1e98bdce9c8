"""Decide the gates of a change: pure functions from what ran to passed or not. No gate asks a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from unidiff.patch import PatchSet

from bot.change.records import Gate, Proof
from bot.git.changes import Changes
from bot.toolchains.port import TestRun, Verdict
from bot.work.protected_paths import is_protected

_BAD = ("failed", "error")


def take_tests_from_base(
    changes: Changes, base_paths: Collection[str], is_test: Callable[[str], bool], is_config: Callable[[str], bool]
) -> tuple[Changes, tuple[str, ...]]:
    """The changes without those to existing tests or to any test configuration, and the paths so restored."""
    restored = frozenset(path for path in changes.files if is_config(path) or (path in base_paths and is_test(path)))
    return changes.without(restored), tuple(sorted(restored))


def _all_pass(run: TestRun, wanted: Collection[str]) -> bool:
    verdicts = run.verdicts()
    return run.complete and all(verdicts.get(name) == "passed" for name in wanted)


def _cut_short(run: TestRun) -> str:
    return f"the run gave no usable result ({run.result.ended}, exit code {run.result.exit_code})"


def tests_gate(restored: Collection[str]) -> Gate:
    """An edit of an existing test is not fatal to the proof, but the change as written is then unverified."""
    if not restored:
        return Gate(name="tests taken from base", passed=True, after="no existing test changed")
    names = ", ".join(f"`{path}`" for path in restored)
    return Gate(
        name="tests taken from base",
        passed=False,
        after=f"{len(restored)} restored",
        detail=f"The change edits {names}; these were taken from the base instead.",
    )


def proof_gate(proof: Proof, runs: Collection[TestRun]) -> Gate:
    """Every test of the proof passes in every run."""
    wanted = set(proof.tests)
    bad = [
        f"{name}: {verdicts.get(name, 'not run')}"
        for verdicts in (run.verdicts() for run in runs)
        for name in sorted(wanted | {name for name, verdict in verdicts.items() if verdict in _BAD})
        if verdicts.get(name) != "passed"
    ]
    bad += [_cut_short(run) for run in runs if not run.complete]
    good = sum(_all_pass(run, wanted) for run in runs)
    after = f"passes, {good} of {len(runs)}" if not bad else f"passes in {good} of {len(runs)}"
    return Gate(
        name="proof",
        passed=not bad,
        before=f"fails, {proof.runs} of {proof.runs}",
        after=after,
        detail="\n".join(dict.fromkeys(bad)),
    )


def regressions(before: Mapping[str, Verdict], after: Mapping[str, Verdict]) -> tuple[str, ...]:
    """Tests that passed before and do not pass now (also vanished, also skipped), and new ones that fail."""
    lost = {name for name, verdict in before.items() if verdict == "passed" and after.get(name) != "passed"}
    new = {name for name, verdict in after.items() if verdict in _BAD and before.get(name) not in _BAD}
    return tuple(sorted(lost | new))


def regression_gate(before: Mapping[str, Verdict], run: TestRun, lost: Collection[str], flaky: Collection[str]) -> Gate:
    """``lost``: what still failed when run again; ``flaky``: what passed then. A run cut short proves nothing."""
    after = run.verdicts()
    faults = [
        f"{name}: {before.get(name, 'not there')} before, {after.get(name, 'not run')} now" for name in sorted(lost)
    ]
    faults += [] if run.complete else [_cut_short(run)]
    again = f", {len(flaky)} only when run again" if flaky else ""
    told = {"before": _count(before), "after": _count(after) + again, "detail": "\n".join(faults)}
    return Gate(name="regressions", passed=not faults, **told)


def _count(verdicts: Mapping[str, Verdict]) -> str:
    passed = sum(verdict == "passed" for verdict in verdicts.values())
    failed = sum(verdict in _BAD for verdict in verdicts.values())
    return f"{passed} pass" + (f", {failed} fail" if failed else "")


def paths_gate(changes: Changes, also: Collection[str] = (), shadowing: Collection[str] = ()) -> Gate:
    """Nothing protected is touched, and no new file takes the place of an installed module (``shadowing``: why)."""
    touched = [*sorted(path for path in changes.files if is_protected(path, also)), *shadowing]
    return Gate(name="paths", passed=not touched, after=f"{len(changes.files)} files", detail="\n".join(touched))


def size_gate(diff: str, max_files: int, max_lines: int) -> Gate:
    """Hold the change to at most so many files and changed lines."""
    files, lines = _size(diff)
    small = 0 < files <= max_files and lines <= max_lines
    allowed = f"allowed are 1 to {max_files} files, {max_lines} lines"
    detail = "" if small else f"{files} files and {lines} lines changed; {allowed}."
    return Gate(name="size", passed=small, after=size_text(diff), detail=detail)


def size_text(diff: str) -> str:
    """Count the files and changed lines of a diff, in words."""
    files, lines = _size(diff)
    return f"{lines} lines in {files} file{'' if files == 1 else 's'}"


def _size(diff: str) -> tuple[int, int]:
    return len(PatchSet(diff)), len(added_lines(diff)) + len(removed_lines(diff))


def secrets_gate(diff: str, find_secrets: Callable[[str], Collection[str]]) -> Gate:
    """No added line carries something that looks like a credential; the finding names kinds, never values."""
    kinds = sorted(set(find_secrets("".join(added_lines(diff)))))
    return Gate(name="secrets", passed=not kinds, after=f"{len(kinds)} found", detail=", ".join(kinds))


def added_lines(diff: str) -> list[str]:
    """The text of the lines a unified diff adds."""
    return [line.value for file in PatchSet(diff) for hunk in file for line in hunk if line.is_added]


def removed_lines(diff: str) -> list[str]:
    """The text of the lines a unified diff removes."""
    return [line.value for file in PatchSet(diff) for hunk in file for line in hunk if line.is_removed]
