"""Prepare: install, then run the tests as they are, so that "nothing broke" can be said with a number."""

from __future__ import annotations

from bot.change.job import Job
from bot.change.records import Baseline, Brief, Found, Ran
from bot.git.changes import Changes
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, ToolchainError
from bot.types import JsonModel


class Installed(JsonModel):
    """The commands that installed the repository."""

    commands: tuple[Ran, ...]


async def install(job: Job, brief: Brief) -> Installed:
    """Check out the base and install it through the allow-list proxy."""
    await job.stage("prepare", "started")
    return Installed(commands=await job.workshop(brief.base_sha).ready())


async def baseline(job: Job, brief: Brief, found: Found, installed: Installed) -> Baseline:
    """The full suite if it ends within ``checks.minutes``, else the nearest test files; the record names the scope."""
    minutes = job.policy.checks.minutes
    workshop = job.workshop(brief.base_sha)
    run = await workshop.test(Changes(), limits=Limits(seconds=minutes * 60))
    scope = f"full suite, {run.result.seconds:.0f} s"
    targets: tuple[str, ...] = ()
    if not run.complete and found.tests:
        targets = found.tests
        run = await workshop.test(Changes(), targets, limits=Limits(seconds=minutes * 60))
        scope = f"the {len(targets)} nearest test files: the full suite takes more than {minutes:g} minutes"
    _refuse_unusable(run)
    record = Baseline(
        scope=scope,
        targets=targets,
        command=run.command,
        verdicts=run.verdicts(),
        seconds=run.result.seconds,
        tier=workshop.tier,
        setup=installed.commands,
    )
    await job.stage("prepare", "done", f"{len(record.passing())} tests pass before any change ({scope})")
    return record


def _refuse_unusable(run: TestRun) -> None:
    if run.complete:
        return
    raise ToolchainError(
        f"`{run.command}` did not give usable results before any change ({run.result.ended}). Set `checks.test` in "
        f".github/forgehand.yml to the command that runs this repository's tests.\n{run.result.output[-1500:]}"
    )
