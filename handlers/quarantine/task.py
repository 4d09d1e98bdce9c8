"""Declare ``/quarantine``: a pull request that keeps a flaky test from failing others."""

from __future__ import annotations

from dataclasses import replace

from bot.change import request as reading
from bot.change.publication import notify
from bot.change.recipe import Job
from bot.change.stages import Stage
from bot.dispatch.spec import TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.markdown import inline_code
from bot.work.origin import Request
from bot.work.results import Ending
from bot.work.services import Services
from handlers.flaky.examination import examine
from handlers.flaky.recipe import FLAKY
from handlers.flaky.records import FlakyStage
from handlers.quarantine.facts import find_guard, find_known, judge_examined
from handlers.quarantine.proposal import propose
from handlers.quarantine.rules import QuarantineInput, QuarantineRules, QuarantineTask

# for the branch's name; nothing is edited by a model
_NAMED = replace(FLAKY, name="quarantine")


async def run(ctx: Ctx, services: Services, request: QuarantineTask) -> Outcome:
    """Look for facts, examine where there are none, then propose."""
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    job = Job(services, ctx.task_id, request, policy, policy.max_dollars("quarantine"), _NAMED)
    brief = await ctx.step("read", reading.read_to_run, job, retries=2)
    if brief.stop:
        return Outcome(state="refused", summary=brief.stop)
    brief = await ctx.step("fetch", reading.fetch, job, brief, retries=2)
    facts = await ctx.step("facts", find_known, job, request.input.name)
    if not facts.shown and not facts.problem:
        found = await examine(ctx, job, brief.base_sha, request.input.name)
        if isinstance(found, str):
            return Outcome(state="failed", summary=found)
        facts = judge_examined(found)
    if facts.problem:
        return _refuse(facts.problem)
    guard = await ctx.step("guard", find_guard, job, brief, facts.test)
    if guard:
        shown = inline_code(facts.test)
        return _refuse(f"{shown} guards what this pull request changes: {guard}. Such a test is never excused.")
    proposed = await ctx.step("propose", propose, job, facts, retries=2)
    if proposed.problem:
        return _refuse(proposed.problem)
    text = f"I opened #{proposed.number}. {proposed.text}"
    await ctx.step("notify", notify, job, text, retries=2)
    data = Ending(form="pull_request", report=text).model_dump() | {"number": proposed.number, "url": proposed.url}
    return Outcome(state="done", summary=f"Opened #{proposed.number}", data=data)


async def refuse(services: Services, request: QuarantineTask) -> str | None:
    """Refuse what nobody asked for where nobody would own the test."""
    if request.origin.principal.kind not in ("alert", "self"):
        return None
    policy, _ = await services.policies.load_or_default(request.repository)
    if policy.rules(QuarantineRules).owner:
        return None
    return "A test in quarantine needs an owner: name one in the policy (`quarantine.owner`), or ask by `/quarantine`."


def _refuse(problem: str) -> Outcome:
    return Outcome(state="refused", summary=problem, data=Ending(report=problem).model_dump())


TASK = TaskSpec(
    name="quarantine",
    summary="Keeps a flaky test from failing others' work for two weeks, by a pull request.",
    details="Only a test that facts show to be flaky: both ends for one tree in CI's history, or an examination here. "
    "It still runs and reports; a judge after the tests (`forgehand judge-results`) reads the list with owner, issue "
    "and expiry, once renewable with a reason. Never a test that guards what the pull request changes.",
    examples=(
        ("/quarantine tests/test_prices.py::test_total", "puts it on the list for 14 days"),
        ("/quarantine test_total because the library's fix is not out", "says why; once more, it renews it"),
    ),
    input=QuarantineInput,
    request=Request[QuarantineInput],
    run=run,
    subjects=frozenset({"issue", "pull", "repository"}),
    rules=QuarantineRules,
    writes=Writes.BRANCH,
    stages={
        Stage.READ: "Read what was asked for",
        Stage.FIND: "Look for what shows that it is flaky",
        FlakyStage.EXAMINE: "Examine the test",
        Stage.PUBLISH: "Open the pull request",
    },
    needs_open=True,
    objection=refuse,
    unverified="Stopped: nothing was put in quarantine.",
)
