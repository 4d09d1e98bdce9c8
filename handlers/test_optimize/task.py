"""Declare ``/test-optimize``: the suite ordered by what it catches."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from bot.change import request as reading
from bot.change.publication import notify
from bot.change.recipe import Job
from bot.change.stages import Stage
from bot.dispatch.spec import Doors, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.markdown import counted
from bot.policy import TaskRules
from bot.work.origin import Request, TaskInput
from bot.work.results import Ending, Parts, told
from bot.work.services import Services
from handlers.test.recipe import TEST
from handlers.test_optimize.suite import measure_suite
from handlers.test_optimize.words import write_report

_NAME = "test-optimize"
_UNCHANGED = "Nothing was changed: only the tests that there are were looked at."


class OptimizeTestsInput(TaskInput):
    """Code in which the suite should catch faults."""

    target: str = Field(
        default="",
        title="target",
        description="a path, a folder, a dotted name or `path:function`; without it all code",
    )


class OptimizeTestsRules(TaskRules):
    """Rules of ordering a suite: it asks no model."""

    section: ClassVar[str] = _NAME

    label: str = Field(
        default="ai-test-optimize", min_length=1, max_length=50, description="the label that starts it on an issue"
    )


async def run(ctx: Ctx, services: Services, request: Request[OptimizeTestsInput]) -> Outcome:
    """Measure the suite, and report."""
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    job: Job[Any] = Job(services, ctx.task_id, request, policy, policy.max_dollars(_NAME), TEST)
    brief = await ctx.step("read", reading.read_to_run, job, retries=2)
    if brief.stop:
        return Outcome(state="refused", summary=brief.stop)
    brief = await ctx.step("fetch", reading.fetch_alone, job, brief, retries=2)
    measured = await ctx.step("measure", measure_suite, job, brief, interruptible=True)
    if measured.order is None:
        return _tell_nothing(measured.problem)
    order = measured.order
    report = write_report(order, measured.scope)
    await ctx.step("notify", notify, job, report, retries=2)
    parts = Parts(
        implementation=told(otherwise=_UNCHANGED),
        tests=told(f"{len(order.tests)} tests catch {order.faults} of {order.judged} small faults."),
        documentation=told(otherwise=_UNCHANGED),
        performance=told(f"They take {order.seconds:.1f} s of processor time."),
        security=told(otherwise=_UNCHANGED),
    )
    summary = f"Ordered {counted(len(order.tests), 'test')} by what they catch."
    return Outcome(state="done", summary=summary, data=Ending(form="document", report=report, parts=parts).model_dump())


def _tell_nothing(problem: str) -> Outcome:
    """End without an order, and say why there is none."""
    unmeasured, unchanged = told(otherwise=problem), told(otherwise=_UNCHANGED)
    parts = Parts(
        implementation=unchanged, tests=unmeasured, documentation=unchanged, performance=unmeasured, security=unchanged
    )
    return Outcome(state="unverified", summary=problem, data=Ending(report=problem, parts=parts).model_dump())


TASK = TaskSpec(
    name=_NAME,
    summary="Orders the tests by what they catch, and names those that catch nothing of their own.",
    details="Small faults are put into the code; the tests that catch most of them a second come first. The report "
    "names the few tests that catch most, an order, and redundant tests. It asks no model and changes nothing.",
    examples=(
        ("/test-optimize", "all tests, faults in all product code"),
        ("/test-optimize src/shop", "faults in one folder"),
    ),
    input=OptimizeTestsInput,
    request=Request[OptimizeTestsInput],
    run=run,
    subjects=frozenset({"issue", "pull", "repository"}),
    rules=OptimizeTestsRules,
    stages={
        Stage.READ: "Read what is asked",
        Stage.FIND: "Find the code",
        Stage.PROVE: "Run the tests with small faults",
    },
    doors=Doors(label=True),
    unverified="Stopped: there is no order to tell.",
    outlets=frozenset({"github", "result"}),
)
