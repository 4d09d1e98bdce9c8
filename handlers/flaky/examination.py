"""Examine a test by experiments, each in a step of its own."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from bot.change import request
from bot.change.recipe import Job
from bot.change.records import Brief
from bot.change.stages import Stage
from bot.engine.port import Ctx
from bot.flakiness.experiments import (
    ALONE,
    SAME,
    Experiment,
    conclude_elsewhere,
    find_cause,
    run_all_orders,
    run_alone,
    run_same,
)
from bot.flakiness.records import Examination, Plan, Tally
from bot.flakiness.runner import run_orders
from bot.git.changes import Changes
from bot.github.api.scopes import READ
from bot.github.resources import repos
from bot.markdown import inline_code
from bot.sandbox.port import Limits
from bot.store import test_outcomes
from bot.store.database import now_ms
from bot.store.test_outcomes import Examined
from bot.test_history.names import normalise
from bot.toolchains.port import ToolchainError
from handlers.flaky.records import FlakyStage, Resolved

# one run of one test may take so long
_SECONDS = 300.0
_NAMED = 5


async def read_commit(job: Job[Any]) -> Brief:
    """Read which commit is meant: a pull request's head, else the branch's.

    Nothing is published, so the rules for branches do not matter.
    """
    if job.task.subject.kind == "pull":
        return await request.read_to_run(job)
    await job.stage(Stage.READ, "started")
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    branch = await repos.default_branch(github, repository)
    sha = await repos.head_sha(github, repository, branch)
    await job.stage(Stage.READ, "done")
    return Brief(nonce=secrets.token_hex(8), title="", body="", base_branch=branch, base_sha=sha)


async def examine(ctx: Ctx, job: Job[Any], sha: str, name: str) -> Examination | str:
    """Find the test and run all experiments; return in words why not."""
    resolved = await ctx.step("resolve", resolve, job, sha, name, interruptible=True)
    if resolved.problem:
        return resolved.problem
    alone = await ctx.step("alone", see_alone, job, sha, resolved.test, interruptible=True)
    if resolved.orders:
        experiment = await ctx.step("orders", see_orders, job, sha, resolved.test, alone, interruptible=True)
        found = await ctx.step("cause", see_cause, job, sha, experiment, interruptible=True)
    else:
        found = await ctx.step("same", see_same, job, sha, resolved, alone, interruptible=True)
    await ctx.step("remember", remember, job, sha, found)
    return found


async def resolve(job: Job[Any], sha: str, name: str) -> Resolved:
    """Install, list the tests, and find the one that is meant."""
    await job.stage(FlakyStage.EXAMINE, "started", "install and list the tests")
    workshop = job.workshop(sha)
    try:
        listed = await _list_by_orders(job, sha)
        if listed:
            return find_test(name, listed, orders=True)
        run = await workshop.test(Changes(), limits=Limits(seconds=job.policy.checks.minutes * 60))
    except ToolchainError as error:
        return Resolved(problem=error.message)
    return find_test(name, list(run.verdicts()), orders=False)


async def _list_by_orders(job: Job[Any], sha: str) -> Sequence[str]:
    """Return the tests that pytest collects, none where it cannot."""
    workshop = job.workshop(sha)
    if "python" not in workshop.toolchain().name:
        return ()
    return (await run_orders(workshop, Changes(), Plan(seconds=_SECONDS))).tests


def find_test(name: str, tests: Sequence[str], *, orders: bool) -> Resolved:
    """Return the test that a name means: the whole of it, or its end."""
    wanted = normalise(name.strip().strip("`").strip())
    if not tests:
        return Resolved(problem="No test of this repository could be run, so none can be examined.")
    whole = [one for one in tests if normalise(one) == wanted]
    ends = [one for one in tests if f".{normalise(one)}".endswith(f".{wanted}")]
    family = [one for one in tests if f".{normalise(one).partition('[')[0]}".endswith(f".{wanted}")]
    found = next((some for some in (whole, ends, family) if some), [])
    if not found or not wanted:
        shown = inline_code(name.strip()[:200])
        like = f"Names are like {inline_code(tests[0])}."
        return Resolved(problem=f"There is no test named {shown} among the {len(tests)} found here. {like}")
    if len({one.partition("[")[0] for one in found}) > 1:
        names = ", ".join(inline_code(one) for one in found[:_NAMED])
        return Resolved(problem=f"That names {len(found)} tests: {names}. Write one of them.")
    others = f"It has {len(found)} sets of parameters; the first was examined." if len(found) > 1 else ""
    return Resolved(test=found[0], orders=orders, note=others)


async def see_alone(job: Job[Any], sha: str, test: str) -> Tally:
    """Run the test alone."""
    await job.stage(FlakyStage.EXAMINE, "started", f"alone, {ALONE} times")
    return await run_alone(job.workshop(sha), test, ALONE, _limits(job))


async def see_orders(job: Job[Any], sha: str, test: str, alone: Tally) -> Experiment:
    """Run the suite in its order and in shuffled ones."""
    await job.stage(FlakyStage.EXAMINE, "started", "in the order they have, and in shuffled ones")
    return await run_all_orders(job.workshop(sha), test, alone, job.policy.checks.minutes * 60)


async def see_cause(job: Job[Any], sha: str, experiment: Experiment) -> Examination:
    """Halve what ran before, or vary what is around."""
    await job.stage(FlakyStage.EXAMINE, "started", "look for what it depends on")
    minutes = job.policy.checks.minutes
    return await find_cause(job.workshop(sha), experiment, minutes * 60, _limits(job))


async def see_same(job: Job[Any], sha: str, resolved: Resolved, alone: Tally) -> Examination:
    """Run the suite of another runner in its order."""
    await job.stage(FlakyStage.EXAMINE, "started", f"in the order they have, {SAME} times")
    workshop = job.workshop(sha)
    limits = Limits(seconds=job.policy.checks.minutes * 60)
    same = await run_same(workshop, resolved.test, SAME, limits)
    command = (await workshop.test(Changes(), [resolved.test], limits=_limits(job))).command
    return conclude_elsewhere(resolved.test, alone, same, command)


async def remember(job: Job[Any], sha: str, found: Examination) -> None:
    """Keep what was shown, for the report and for quarantine."""
    await job.stage(FlakyStage.EXAMINE, "done", f"{found.kind}: {found.reason}"[:300])
    shown = found.model_dump(mode="json", include={"reason", "others", "commands", "confirmed"})
    data = {**shown, "sha": sha, "task": job.task_id}
    row = Examined(test=normalise(found.test), kind=found.kind, data=data, at=now_ms())
    await job.services.store.run(test_outcomes.note_examined, job.task.repository.id, row)


def _limits(job: Job[Any]) -> Limits:
    return Limits(seconds=min(_SECONDS, job.policy.checks.minutes * 60))
