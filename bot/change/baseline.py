"""Install a base and run its tests as they are, so that "nothing broke" can be said with a number."""

from __future__ import annotations

from typing import Any

from bot.change.records import Baseline, Brief, Found
from bot.change.stages import Stage
from bot.git.changes import Changes
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, ToolchainError
from bot.work.assignment import Assignment
from bot.work.workshop import Installed

_NEAREST = 3


async def install(job: Assignment[Any], brief: Brief) -> Installed:
    """Check out the base and install it through the allow-list proxy."""
    await job.stage(Stage.PREPARE, "started")
    return await job.workshop(brief.base_sha).ready()


async def baseline(job: Assignment[Any], brief: Brief, found: Found, installed: Installed) -> Baseline:
    """Run the full suite if it ends within ``checks.minutes``, else the nearest test files; record the scope."""
    minutes = job.policy.checks.minutes
    workshop = job.workshop(brief.base_sha)
    targets: tuple[str, ...] = ()
    for targets in ((), found.tests, found.tests[:_NEAREST]):
        run = await workshop.test(Changes(), targets, limits=Limits(seconds=minutes * 60))
        if run.complete or run.result.ended != "timeout" or not found.tests:
            break
    _refuse_unusable(run)
    record = Baseline(
        scope=_scope(targets, run.result.seconds, minutes),
        targets=targets,
        command=run.command,
        verdicts=run.verdicts(),
        seconds=run.result.seconds,
        tier=workshop.tier,
        setup=installed.commands,
    )
    await job.stage(Stage.PREPARE, "done", f"{_counted(record)} before any change ({record.scope})")
    return record


def _counted(record: Baseline) -> str:
    if set(record.verdicts) == {record.command}:  # only the exit code was asked for
        return f"the test command {'passes' if record.passing() else 'fails'}"
    return f"{len(record.passing())} tests pass"


def _scope(targets: tuple[str, ...], seconds: float, minutes: float) -> str:
    if not targets:
        return f"full suite, {seconds:.0f} s"
    return f"the {len(targets)} nearest test files, {seconds:.0f} s; the full suite takes more than {minutes:g} minutes"


def _refuse_unusable(run: TestRun) -> None:
    if run.complete:
        return
    raise ToolchainError(
        f"`{run.command}` did not give usable results before any change ({run.result.ended}). Set `checks.test` in "
        f".github/forgehand.yml to the command that runs this repository's tests.\n\n"
        f"```\n{run.result.output[-1500:]}\n```"
    )
