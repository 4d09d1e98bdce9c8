"""Decide the gates of a change: pure functions from what ran to passed or not. No gate asks a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from bot.change.records import Baseline, Gate, Proof
from bot.git.changes import Changes
from bot.github.text.diffs import DiffLine, parse_diff
from bot.markdown import counted, inline_code
from bot.toolchains.port import TestRun, Verdict
from bot.work.protected_paths import is_protected

_BAD = ("failed", "error")


def take_tests_from_base(
    changes: Changes, base_paths: Collection[str], is_test: Callable[[str], bool], is_config: Callable[[str], bool]
) -> tuple[Changes, tuple[str, ...]]:
    """Take tests and their settings from the base; return their paths too."""
    restored = frozenset(path for path in changes.files if is_config(path) or (path in base_paths and is_test(path)))
    return changes.without(restored), tuple(sorted(restored))


def _cut_short(run: TestRun) -> str:
    if run.result.ended == "timeout":
        return f"`{run.command}` did not end within {run.result.seconds:.0f} s, so its result is not known"
    why = f": {run.completeness.reason}" if run.completeness.reason else ""
    return f"the run gave no usable result ({run.result.ended}, exit code {run.result.exit_code}){why}"


def tests_gate(restored: Collection[str]) -> Gate:
    """Refuse edits of existing tests: the change is then unverified."""
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
    """Require that every test of the proof, no plugin's check, always passes."""
    faults = [_proof_faults(run, set(proof.tests)) for run in runs]
    bad = [fault for found in faults for fault in found]
    good = sum(not found for found in faults)
    after = f"passes, {good} of {len(runs)}" if not bad else f"passes in {good} of {len(runs)}"
    return Gate(
        name="proof",
        passed=not bad,
        before=f"fails, {proof.runs} of {proof.runs}",
        after=after,
        detail="\n".join(dict.fromkeys(bad)),
    )


def select_proof(run: TestRun, proof: Proof, targets: Collection[str]) -> TestRun | None:
    """Return the proof's part of a larger run, which is one of its runs too.

    None where it is not in it, or did not pass: it runs by itself then, as behind other tests it may fail for theirs.
    """
    cases = tuple(case for case in run.cases if case.id.partition("::")[0] in targets and case.kind != "check")
    passing = {case.id for case in cases if case.verdict == "passed"}
    whole = run.complete and len(passing) == len(cases) and passing >= set(proof.tests)
    return run.model_copy(update={"cases": cases}) if whole else None


def _proof_faults(run: TestRun, wanted: Collection[str]) -> list[str]:
    """Return tests of the proof, or others, that failed in one run."""
    # Tests that a stopped run never reached are not counted.
    verdicts = {case.id: case.verdict for case in run.cases if case.kind != "check"}
    failing = {name for name, verdict in verdicts.items() if verdict in _BAD}
    names = sorted(name for name in {*wanted, *failing} if verdicts.get(name) != "passed")
    shown = [f"{name}: {verdicts.get(name, 'not run')}" for name in names if run.complete or name in verdicts]
    return shown if run.complete else [*shown, _cut_short(run)]


def regressions(
    before: Mapping[str, Verdict], after: Mapping[str, Verdict], *, complete: bool = True
) -> tuple[str, ...]:
    """Return the tests that passed before and do not pass now.

    Vanished and skipped ones count, and so do new ones that fail. Tests an incomplete run never reached do not.
    """
    lost = {name for name, verdict in before.items() if verdict == "passed" and after.get(name) != "passed"}
    new = {name for name, verdict in after.items() if verdict in _BAD and before.get(name) not in _BAD}
    return tuple(sorted(name for name in lost | new if complete or name in after))


def collected_gate(base: Baseline, run: TestRun) -> Gate:
    """Require that every test of before is still there, passing or not.

    A file that could not be loaded stands for tests that nobody has seen.
    """
    before = base.verdicts.keys() - set(base.unloaded)
    lost = sorted(before - run.verdicts().keys()) if run.complete else []
    return Gate(
        name="tests collected",
        passed=not lost and run.complete,
        before=f"{len(before)}",
        after=f"{len(run.cases)}" + (f", {len(lost)} of those before are gone" if lost else ""),
        detail="\n".join(lost[:50]) if run.complete else _cut_short(run),
    )


def regression_gate(
    base: Baseline, run: TestRun, lost: Collection[str], flaky: Collection[str], *, only_tests: bool = False
) -> Gate:
    """Judge the same tests before and after.

    A run cut short proves nothing, nor do tests of which none passed before, unless the change is ``only_tests`` or
    brings back a state in which all pass.
    ``lost`` are those that still failed when run again, ``flaky`` those that passed then.
    """
    before = base.verdicts
    after = run.verdicts()
    faults = _list_lost(before, run, lost)
    faults += [] if run.complete else [_cut_short(run)]
    all_pass = run.complete and all(after.get(name) == "passed" for name in before)
    if not faults and not base.passing() and not (base.whole and all_pass) and not only_tests:
        faults = ["No test passed before the change, so nothing shows what it may have broken."]
    again = f", {len(flaky)} only when run again" if flaky else ""
    shown = _count(after, run.unloaded) if run.cases or run.complete else "no result"
    return Gate(
        name="regressions",
        passed=not faults,
        before=_count(before, base.unloaded),
        after=shown + again,
        detail="\n".join(faults),
    )


def _list_lost(before: Mapping[str, Verdict], run: TestRun, lost: Collection[str]) -> list[str]:
    """Return a line for each lost test, one for those of an unloaded file."""
    after = run.verdicts()
    faults = []
    gone = {name for name in lost if name not in after and name.partition("::")[0] in run.unloaded}
    for file in sorted({name.partition("::")[0] for name in gone}):
        tests = sum(name.startswith(f"{file}::") for name in gone)
        faults.append(f"{file} cannot be loaded now; {tests} of its tests passed before")
    names = sorted(name for name in lost if name not in gone and not any(one.startswith(f"{name}::") for one in gone))
    return faults + [
        f"{name}: {before.get(name, 'not there')} before, {after.get(name, 'not run')} now" for name in names
    ]


def _count(verdicts: Mapping[str, Verdict], unloaded: Collection[str]) -> str:
    """Count tests, and apart from them files that could not be loaded."""
    tests = {name: verdict for name, verdict in verdicts.items() if name not in unloaded}
    counts = {
        "pass": sum(verdict == "passed" for verdict in tests.values()),
        "fail": sum(verdict in _BAD for verdict in tests.values()),
        "cannot be loaded": len(unloaded),
    }
    said = [f"{number} {word}" for word, number in counts.items() if number]
    return ", ".join(said) or "no test ran"


def paths_gate(
    changes: Changes, also: Collection[str] = (), shadowing: Collection[str] = (), renewed: Collection[str] = ()
) -> Gate:
    """Require that nothing protected is touched and no module hidden.

    ``renewed`` are the lock files that a tool wrote (:func:`is_protected`): ``detail`` names them if all is well.
    """
    touched = [*sorted(path for path in changes.files if is_protected(path, also, renewed)), *shadowing]
    own = [f"{inline_code(path)}, which its own tool renewed" for path in sorted(changes.files) if path in renewed]
    detail = "\n".join(touched) if touched else "; ".join(own)
    return Gate(name="paths", passed=not touched, after=counted(len(changes.files), "file"), detail=detail)


def size_gate(diff: str, max_files: int, max_lines: int) -> Gate:
    """Hold the change to at most so many files and changed lines."""
    files, lines = _size(diff)
    small = 0 < files <= max_files and lines <= max_lines
    allowed = f"allowed are 1 to {max_files} files, {max_lines} lines"
    detail = "" if small else f"{files} files and {lines} lines changed; {allowed}."
    return Gate(name="size", passed=small, after=describe_size(diff), detail=detail)


def describe_size(diff: str) -> str:
    """Count the files and changed lines of a diff, in words."""
    files, lines = _size(diff)
    return f"{lines} lines in {counted(files, 'file')}"


def _size(diff: str) -> tuple[int, int]:
    return len(parse_diff(diff)), sum(line.kind != " " for line in _lines(diff))


def secrets_gate(diff: str, find_secrets: Callable[[str], Collection[str]]) -> Gate:
    """Require that no added line looks like a secret; name kinds only."""
    added = "".join(f"{line.text}\n" for line in _lines(diff) if line.kind == "+")
    kinds = sorted(set(find_secrets(added)))
    return Gate(name="secrets", passed=not kinds, after=f"{len(kinds)} found", detail=", ".join(kinds))


def _lines(diff: str) -> list[DiffLine]:
    """Return the lines of all hunks of a diff as git prints it."""
    return [line for file in parse_diff(diff) for hunk in file.hunks for line in hunk.lines]
