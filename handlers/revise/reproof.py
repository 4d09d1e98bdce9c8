"""Prove our pull request again: its tests, with and without its change."""

from __future__ import annotations

from collections.abc import Sequence

from bot.change.editor import NEAR
from bot.change.gates import describe_size
from bot.change.proof_rules import RUNS
from bot.change.records import Failure, GateReport
from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.toolchains.port import TestRun, ToolchainError
from handlers.revise.records import Reproof, RevisionBrief, RevisionJob


async def reprove(job: RevisionJob, brief: RevisionBrief, report: GateReport) -> Reproof:
    """Run and measure the revision's new tests with and without the change."""
    mirror = await job.mirror(report.base_sha)
    tree = await mirror.tree(report.base_sha, report.changes)
    size = describe_size(await mirror.diff(brief.trusted_sha, tree))
    try:
        # A retry of what could not be published has no directory yet, and which files are tests is read from it.
        await job.workshop(report.base_sha).ready()
    except ToolchainError as error:
        return Reproof(size=size, problem=f"The new tests could not be run again. {error.message}")
    tests = await _read_new_tests(job, mirror, brief, report)
    targets = job.workshop(report.base_sha).toolchain().targets(list(tests.files))
    if not targets:
        return Reproof(size=size, problem="The pull request adds no test, so nothing was measured again.")
    try:
        without = await _run(job, brief.trusted_sha, tests, targets)
    except ToolchainError as error:
        return Reproof(size=size, problem=f"The new tests could not be run without the change. {error.message}")
    failures = find_turned(without, await _run(job, report.base_sha, report.changes, targets))
    problem = "" if failures else "None of its new tests fails without the change and passes with it."
    return Reproof(size=size, failures=failures, runs=RUNS, problem=problem)


async def _read_new_tests(job: RevisionJob, mirror: Mirror, brief: RevisionBrief, report: GateReport) -> Changes:
    """Return what the pull request adds to the tests, as it is after the job."""
    is_test = job.workshop(report.base_sha).toolchain().is_test
    there = {entry.path for entry in await mirror.entries(brief.trusted_sha)}
    head = {entry.path for entry in await mirror.entries(report.base_sha)} | set(report.changes.files)
    found: dict[str, str | None] = {}
    for path in sorted(path for path in head - there if is_test(path)):
        changed = path in report.changes.files
        text = report.changes.files[path] if changed else await mirror.read(report.base_sha, path)
        if text is not None:
            found[path] = text
    return Changes(files=found)


async def _run(job: RevisionJob, sha: str, changes: Changes, targets: Sequence[str]) -> list[TestRun]:
    return [await job.workshop(sha).test(changes, targets, limits=NEAR) for _ in range(RUNS)]


def find_turned(without: Sequence[TestRun], with_it: Sequence[TestRun]) -> tuple[Failure, ...]:
    """Return the tests that the change turns from failing to passing.

    They fail in their body in every run without it, and pass in every run with it.
    """
    if not all(run.complete for run in (*without, *with_it)):
        return ()
    passing = [{case.id for case in run.cases if case.verdict == "passed"} for run in with_it]
    failing = [
        {case.id for case in run.cases if case.verdict in {"failed", "error"} and case.phase == "call"}
        for run in without
    ]
    good = set.intersection(*passing, *failing)
    cases = [case for case in without[0].cases if case.id in good]
    return tuple(Failure(test=case.id, phase=case.phase, message=case.message[:2000]) for case in cases)
