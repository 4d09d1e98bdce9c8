"""Install a base and run its tests as they are, so that "nothing broke" can be said with a number."""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.change.records import Baseline, Brief, CodeLocation
from bot.change.stages import Stage
from bot.git.changes import Changes
from bot.markdown import counted
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, ToolchainError
from bot.work.assignment import Assignment
from bot.work.workshop import BaseInstallation, Workshop

# where all the nearest tests are too slow as well
_NEAREST = 3


async def install(job: Assignment[Any], brief: Brief) -> BaseInstallation:
    """Check out the base and install it through the allow-list proxy."""
    await job.stage(Stage.PREPARE, "started")
    return await job.workshop(brief.base_sha).ready()


async def baseline(job: Assignment[Any], brief: Brief, found: CodeLocation, installed: BaseInstallation) -> Baseline:
    """Run the full suite, or the nearest tests where that is no use."""
    minutes = job.policy.checks.minutes
    workshop = job.workshop(brief.base_sha)
    scope = await run_scope(workshop, found.tests, minutes * 60)
    run = scope.run
    _refuse_unusable(run)
    await workshop.keep_bytecode()
    record = Baseline(
        scope=scope.text(minutes),
        targets=scope.targets,
        command=run.command,
        verdicts=run.verdicts(),
        seconds=run.result.seconds,
        tier=workshop.tier,
        setup=installed.commands,
        reused=installed.reused,
        unloaded=run.unloaded,
    )
    before = f"; {record.reused}" if record.reused is not None else ""
    await job.stage(Stage.PREPARE, "done", f"{_summarise(record)} before any change ({record.scope}{before})")
    return record


class Scope(NamedTuple):
    """A scope of tests that was run: all, or ``targets`` without ``dropped``."""

    targets: tuple[str, ...]
    run: TestRun
    full: TestRun
    dropped: tuple[str, ...] = ()

    def text(self, minutes: float) -> str:
        """Say what was run, how long it took, and why not more."""
        seconds = f"{self.run.result.seconds:.0f} s"
        if not self.targets:
            return "; ".join([f"full suite, {seconds}", *self.run.notes])
        slow = self.full.result.ended == "timeout"
        why = f"the full suite takes more than {minutes:g} minutes" if slow else "the full suite gives no results"
        said = [f"the {len(self.targets)} nearest test files, {seconds}", why]
        if self.dropped:
            said.append(f"not usable: {', '.join(f'`{target}`' for target in self.dropped)}")
        return "; ".join([*said, *self.run.notes])


async def run_scope(workshop: Workshop, nearest: tuple[str, ...], seconds: float) -> Scope:
    """Run the suite, or where it is no use the nearest files, then a few."""
    full = await workshop.test(Changes(), limits=Limits(seconds=seconds))
    scope = Scope((), full, full)
    for targets in (nearest, nearest[:_NEAREST]):
        if targets and not _is_usable(scope.run):
            scope = await _run_targets(workshop, targets, full, seconds)
    if not _is_usable(scope.run) and full.complete:
        return Scope((), full, full)
    return scope


def _is_usable(run: TestRun) -> bool:
    return run.complete and run.ran_any


async def _run_targets(workshop: Workshop, targets: tuple[str, ...], full: TestRun, seconds: float) -> Scope:
    """Run ``targets``, without those that the runner cannot use.

    Where nothing ran, one unusable target may have aborted the run for all.
    """
    limits = Limits(seconds=seconds)
    run = await workshop.test(Changes(), targets, limits=limits)
    if run.ran_any or run.result.ended != "exit" or len(targets) == 1:
        return Scope(targets, run, full)
    alone = {target: await workshop.test(Changes(), [target], limits=limits) for target in targets}
    usable = tuple(target for target, one in alone.items() if _is_usable(one))
    if not usable:
        return Scope(targets, run, full)
    dropped = tuple(target for target in targets if target not in usable)
    return Scope(usable, await workshop.test(Changes(), usable, limits=limits), full, dropped)


def _summarise(record: Baseline) -> str:
    if record.whole and not record.unloaded:
        return f"the test command {'passes' if record.passing() else 'fails'}"
    if not set(record.verdicts) - set(record.unloaded):
        return "no test could be run"
    passing = len(record.passing())
    return f"{counted(passing, 'test')} {'passes' if passing == 1 else 'pass'}"


def _refuse_unusable(run: TestRun) -> None:
    if run.complete:
        return
    notes = "".join(f"\n{note}" for note in (run.completeness.reason, *run.notes) if note)
    raise ToolchainError(
        f"`{run.command}` did not give usable results before any change ({run.result.ended}). Set `checks.test` in "
        f".github/forgehand.yml to the command that runs this repository's tests.{notes}\n\n"
        f"```\n{run.result.output[-1500:]}\n```"
    )
