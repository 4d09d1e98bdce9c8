"""Install a base and run its tests as they are, so that "nothing broke" can be said with a number."""

from __future__ import annotations

from typing import Any, NamedTuple

from bot.change.records import Baseline, Brief, Found
from bot.change.stages import Stage
from bot.git.changes import Changes
from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, ToolchainError
from bot.work.assignment import Assignment
from bot.work.workshop import Installed, Workshop

# where all the nearest tests are too slow as well
_NEAREST = 3


async def install(job: Assignment[Any], brief: Brief) -> Installed:
    """Check out the base and install it through the allow-list proxy."""
    await job.stage(Stage.PREPARE, "started")
    return await job.workshop(brief.base_sha).ready()


async def baseline(job: Assignment[Any], brief: Brief, found: Found, installed: Installed) -> Baseline:
    """Run the full suite, or where that is too slow or gives nothing the nearest tests; the record names the scope."""
    minutes = job.policy.checks.minutes
    workshop = job.workshop(brief.base_sha)
    full = await workshop.test(Changes(), limits=Limits(seconds=minutes * 60))
    chosen = _Chosen((), full)
    for nearest in (found.tests, found.tests[:_NEAREST]):
        if nearest and not _is_usable(chosen.run):
            chosen = await _choose(workshop, nearest, minutes * 60)
    if not _is_usable(chosen.run) and full.complete:
        chosen = _Chosen((), full)
    run = chosen.run
    _refuse_unusable(run)
    record = Baseline(
        scope=_scope(chosen, full, minutes),
        targets=chosen.targets,
        command=run.command,
        verdicts=run.verdicts(),
        seconds=run.result.seconds,
        tier=workshop.tier,
        setup=installed.commands,
        unloaded=run.unloaded,
    )
    await job.stage(Stage.PREPARE, "done", f"{_counted(record)} before any change ({record.scope})")
    return record


class _Chosen(NamedTuple):
    """A scope that was run; ``dropped`` are targets which the runner could not use."""

    targets: tuple[str, ...]
    run: TestRun
    dropped: tuple[str, ...] = ()


def _is_usable(run: TestRun) -> bool:
    return run.complete and run.ran_any


async def _choose(workshop: Workshop, targets: tuple[str, ...], seconds: float) -> _Chosen:
    """Run ``targets``; where nothing ran, drop those that the runner cannot use: one of them may abort it for all."""
    run = await workshop.test(Changes(), targets, limits=Limits(seconds=seconds))
    if run.ran_any or run.result.ended != "exit" or len(targets) == 1:
        return _Chosen(targets, run)
    alone = {target: await workshop.test(Changes(), [target], limits=Limits(seconds=seconds)) for target in targets}
    usable = tuple(target for target, one in alone.items() if _is_usable(one))
    if not usable:
        return _Chosen(targets, run)
    dropped = tuple(target for target in targets if target not in usable)
    return _Chosen(usable, await workshop.test(Changes(), usable, limits=Limits(seconds=seconds)), dropped)


def _counted(record: Baseline) -> str:
    if record.whole and not record.unloaded:
        return f"the test command {'passes' if record.passing() else 'fails'}"
    if not set(record.verdicts) - set(record.unloaded):
        return "no test could be run"
    return f"{len(record.passing())} tests pass"


def _scope(chosen: _Chosen, full: TestRun, minutes: float) -> str:
    seconds = f"{chosen.run.result.seconds:.0f} s"
    if not chosen.targets:
        return "; ".join([f"full suite, {seconds}", *chosen.run.notes])
    slow = full.result.ended == "timeout"
    why = f"the full suite takes more than {minutes:g} minutes" if slow else "the full suite gives no results"
    left_out = [f"not usable: {', '.join(f'`{target}`' for target in chosen.dropped)}"] if chosen.dropped else []
    return "; ".join([f"the {len(chosen.targets)} nearest test files, {seconds}", why, *left_out, *chosen.run.notes])


def _refuse_unusable(run: TestRun) -> None:
    if run.complete:
        return
    notes = "".join(f"\n{note}" for note in run.notes)
    raise ToolchainError(
        f"`{run.command}` did not give usable results before any change ({run.result.ended}). Set `checks.test` in "
        f".github/forgehand.yml to the command that runs this repository's tests.{notes}\n\n"
        f"```\n{run.result.output[-1500:]}\n```"
    )
