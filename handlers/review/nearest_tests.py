"""Run the tests nearest to a change, without it and with it.

They run once a review, beside its readers. No model is asked, and whatever goes wrong is reported and stops nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain, zip_longest

from bot.git.changes import NO_CHANGES
from bot.pulls import diff, placeholders
from bot.pulls.diff import Review
from bot.pulls.records import BrokenTest, NearestTests, ReviewPlan, Subject
from bot.sandbox.port import Limits
from bot.toolchains.port import TestCase, TestRun
from bot.types import ForgehandError
from bot.work import inquiry
from bot.work.workshop import Workshop
from handlers.review.sandbox_runs import explain_installation, may_run, revert_change

# Changed files whose tests are looked for, the first in reading order: each is compared with every test file.
_CHANGED = 40
# Test files that are run, and seconds for each run of them; a review waits at most for ``_PATIENCE`` seconds.
_FILES = 8
_LIMITS = Limits(seconds=120)
_PATIENCE = 300.0
# Broken tests that are run again and told, and characters of what each says.
_TOLD = 10
_SAID = 300


async def run_nearest(review: Review, subject: Subject, plan: ReviewPlan) -> NearestTests:
    """Compare the nearest tests without the change and with it."""
    if not may_run(review, subject):
        why = "code of forks is never run here" if subject.from_fork else "there is no sandbox on this machine"
        return NearestTests(problem=why)
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _compare(review, plan)
    except TimeoutError:
        return NearestTests(problem=f"they did not end within {_PATIENCE / 60:g} minutes")
    except ForgehandError as error:
        return NearestTests(problem=" ".join(error.message.split())[:_SAID])


async def _compare(review: Review, plan: ReviewPlan) -> NearestTests:
    nearest = await _find_nearest(review, plan)
    if not nearest:
        return NearestTests()
    workshop = review.workshop(plan.head_sha)
    trouble = explain_installation(await workshop.ready())
    targets = await asyncio.to_thread(workshop.toolchain().targets, nearest)
    if not targets:
        return NearestTests(trouble=trouble)
    now = await workshop.test(NO_CHANGES, targets, limits=_LIMITS)
    reverted = await revert_change(review, plan)
    there = [target for target in targets if reverted.files.get(target, "") is not None]
    before = await workshop.test(reverted, there, limits=_LIMITS) if there else None
    broken = await _confirm(workshop, find_broken(before, now)) if before is not None else ()
    found = compare_runs(before, now, broken).model_copy(update={"trouble": trouble})
    hidden = await diff.read_secrets(review, plan)
    told = (one.model_copy(update={"said": placeholders.redact(one.said, hidden)[:_SAID]}) for one in found.broken)
    return found.model_copy(update={"broken": tuple(told)})


async def _find_nearest(review: Review, plan: ReviewPlan) -> list[str]:
    """Return up to eight test files of the head: changed, then nearest ones."""
    index = await inquiry.index(review, plan.head_sha)
    read = dict.fromkeys(path for reading in plan.readings for path in reading.paths if path in index.files)
    paths = list(read)[:_CHANGED]

    def find() -> list[str]:
        changed = [path for path in paths if index.files[path].role == "test"]
        near = [index.find_tests(path) for path in paths if path not in changed]
        turns = (path for turn in zip_longest(*near) for path in turn if path is not None)
        return list(dict.fromkeys(chain(changed, turns)))[:_FILES]

    return await asyncio.to_thread(find)


def find_broken(before: TestRun, now: TestRun) -> tuple[TestCase, ...]:
    """Return the cases that fail now and passed before.

    A file that no longer loads counts as broken if any of its tests passed before.
    """
    passed = {case.id for case in before.cases if case.verdict == "passed"}

    def was_fine(case: TestCase) -> bool:
        unloaded = case.id in now.unloaded
        return case.id in passed or (unloaded and any(name.startswith(f"{case.id}::") for name in passed))

    return tuple(case for case in now.cases if _fails(case) and was_fine(case))


async def _confirm(workshop: Workshop, broken: Sequence[TestCase]) -> tuple[TestCase, ...]:
    """Run broken tests again: passing then is luck, not the change."""
    first = broken[:_TOLD]
    if not first:
        return ()
    again = await workshop.test(NO_CHANGES, [case.id for case in first], limits=_LIMITS)
    fine = {case.id for case in again.cases if not _fails(case)}
    return tuple(case for case in first if case.id not in fine)


def compare_runs(before: TestRun | None, now: TestRun, broken: Sequence[TestCase]) -> NearestTests:
    """Return what two runs of the same tests say of the change.

    ``before`` is None where none of the tests was there; ``broken`` are the cases known to be broken.
    """
    problem = _explain_end(now, "with") or (_explain_end(before, "without") if before is not None else "")
    if problem and not broken:
        return NearestTests(command=now.command, problem=problem)
    verdicts = before.verdicts() if before is not None else {}
    failing = [case.id for case in now.cases if _fails(case)]
    passed = {case.id for case in now.cases if case.verdict == "passed"}
    return NearestTests(
        command=now.command,
        passing=sum(verdicts.get(name) == "passed" for name in passed),
        passing_new=sum(name not in verdicts for name in passed),
        mended=sum(verdicts.get(name) in {"failed", "error"} for name in passed),
        broken=tuple(BrokenTest(id=case.id, said=" ".join(case.message.split())) for case in broken),
        failing=sum(verdicts.get(name) in {"failed", "error"} for name in failing),
        failing_new=tuple(name for name in failing if name not in verdicts)[:_TOLD] if not problem else (),
    )


def write_results(nearest: NearestTests) -> str:
    """Write what the nearest tests say, for a verifier; "" without any."""
    if nearest.problem:
        return f"They could not be run: {nearest.problem}."
    if not nearest.counts:
        return ""
    broken = [f"passed, fails now: {one.id}\n  {one.said}" for one in nearest.broken]
    return "\n".join(
        [f"{nearest.command}: {nearest.counts}.", *broken, *(f"new: {name}" for name in nearest.failing_new)]
    )


def _fails(case: TestCase) -> bool:
    return case.verdict in {"failed", "error"}


def _explain_end(run: TestRun, which: str) -> str:
    if run.complete and run.cases:
        return ""
    ended = f"exit code {run.result.exit_code}" if run.result.ended == "exit" else run.result.ended
    return f"`{run.command}` gave no usable results {which} the change ({ended})"
