"""Measure what each test of a suite catches."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import Job
from bot.change.records import Brief
from bot.change.stages import Stage
from bot.git.changes import Changes
from bot.mutation.records import Plan, Scope
from bot.mutation.runner import measure_mutants
from bot.types import JsonModel
from handlers.test.target import Target, find_named
from handlers.test_optimize.ordering import Order, order_suite

# this many faults tell tests apart; more only take longer
_MOST = 300


class Measured(JsonModel):
    """The suite in order, or in words why there is none."""

    order: Order | None = None
    scope: str = ""
    problem: str = ""


async def measure_suite(job: Job[Any], brief: Brief) -> Measured:
    """Run the suite with faults in the target, or in all product code."""
    await job.stage(Stage.PROVE, "started")
    sha = brief.base_sha
    workshop = job.workshop(sha)
    await workshop.ready()
    target = await _find_target(job, sha)
    if target.problem:
        return Measured(problem=target.problem)
    plan = Plan(files=target.scopes, every=True, most=_MOST, cold=0, seconds=job.policy.checks.minutes * 60)
    survey = await measure_mutants(workshop, Changes(), plan)
    if not survey.mutants:
        return Measured(problem=survey.problem or f"There is nothing in {target.name} that a test could catch.")
    order = order_suite(survey)
    if not order.tests:
        return Measured(problem="No test of this repository passes, so there is nothing to order.")
    await job.stage(Stage.PROVE, "done", f"{len(order.tests)} tests catch {order.faults} faults")
    return Measured(order=order, scope=target.name)


async def _find_target(job: Job[Any], sha: str) -> Target:
    mirror = await job.mirror(sha)
    toolchain = job.workshop(sha).toolchain()
    entries = await mirror.entries(sha)
    paths = [one.path for one in entries if one.path.endswith(".py") and not toolchain.is_test(one.path)]
    if not job.task.input.target:
        return Target(scopes=dict.fromkeys(paths, Scope()), name="all product code")
    texts = {path: await mirror.read(sha, path) for path in paths}
    return find_named(job.task.input.target, paths, texts.get)
