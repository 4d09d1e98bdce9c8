"""Show that what fails on the branch now passes once the change is taken back, or say that nothing shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.change.proof_rules import RUNS
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Baseline, Gate
from bot.git.changes import NO_CHANGES, Changes
from bot.markdown import counted, listed
from bot.toolchains.port import TestRun
from handlers.revert.records import RevertTask

NAME = "what fails now"
CONFIRMED = "confirmed"
_BAD = {"failed", "error"}
_MOST = 20  # failing tests that are run again


async def confirm(job: Job[RevertTask], evidence: AnyEvidence, sha: str, changes: Changes) -> Sequence[Gate]:
    """Run what fails again, before and after; it forbids no revert."""
    base = evidence.baseline
    red = list_red(base) if base is not None else ()
    if base is None or not red:
        return [Gate(name=NAME, passed=True, before="no test fails", after="not confirmed", detail="")]
    runs = 1 if base.whole else RUNS
    targets = () if base.whole else red
    workshop = job.workshop(sha)
    before = [await workshop.test(NO_CHANGES, targets) for _ in range(runs - 1)]
    after = [await workshop.test(changes, targets) for _ in range(runs)]
    return [judge(red, before, after)]


def list_red(base: Baseline) -> tuple[str, ...]:
    """Return the tests and files that fail on the branch as it is."""
    return tuple(sorted(name for name, verdict in base.verdicts.items() if verdict in _BAD))[:_MOST]


def judge(red: Sequence[str], before: Sequence[TestRun], after: Sequence[TestRun]) -> Gate:
    """Tell which failing tests pass each time without the change.

    One that does not fail each time with it shows nothing: it is flaky.
    """
    steady = [name for name in red if all(run.verdicts().get(name) in _BAD for run in before)]
    mended = [name for name in steady if all(_passes(run, name) for run in after)]
    several = f", {len(after)} of {len(after)}" if len(after) > 1 else ""
    told = f"{len(mended)} of {len(red)} pass{several}: {CONFIRMED if mended else 'not confirmed'}"
    return Gate(
        name=NAME,
        passed=True,
        before=f"{counted(len(steady), 'test')} fail{several}",
        after=told,
        detail="\n".join(mended),
        parts={"tests": f"Fails on the branch and passes with this: {listed(mended, 10)}."} if mended else {},
    )


def _passes(run: TestRun, name: str) -> bool:
    """Return whether a test passes, or all of an unloaded file do."""
    verdicts: dict[str, Any] = dict(run.verdicts())
    if name in verdicts:
        return bool(verdicts[name] == "passed")
    inside = [verdict for test, verdict in verdicts.items() if test.startswith(f"{name}::")]
    return bool(inside) and not _BAD & set(inside)
