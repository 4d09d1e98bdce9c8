"""Declare ``/flaky``: examine a test, report on all, or fix one."""

from __future__ import annotations

from typing import Any

from bot.change import request as reading
from bot.change.pipeline import run_change
from bot.change.publication import notify
from bot.change.recipe import Job
from bot.change.stages import Stage
from bot.dispatch.spec import TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.markdown import counted
from bot.work.origin import Request
from bot.work.results import Ending
from bot.work.services import Services
from handlers.flaky.examination import examine, read_commit
from handlers.flaky.recipe import FLAKY
from handlers.flaky.records import FlakyInput, FlakyRules, FlakyStage, FlakyTask
from handlers.flaky.report import keep_issue, make_report, read_history
from handlers.flaky.words import write_examination

_FIX = "fix"
_NO_TEST = "Name the test to fix: `/flaky fix tests/test_a.py::test_b`."


async def run(ctx: Ctx, services: Services, request: FlakyTask) -> Outcome:
    """Examine, report or fix, as the words say."""
    request = read_words(request)
    if request.input.fix and not request.input.target:
        return Outcome(state="refused", summary=_NO_TEST)
    if request.input.fix:
        return await run_change(ctx, services, FLAKY, request)
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    job = Job(services, ctx.task_id, request, policy, policy.max_dollars("flaky"), FLAKY)
    brief = await ctx.step("read", read_commit, job, retries=2)
    if brief.stop:
        return Outcome(state="refused", summary=brief.stop)
    brief = await ctx.step("fetch", reading.fetch_alone, job, brief, retries=2)
    if not request.input.target:
        return await _report(ctx, job, brief.base_sha)
    found = await examine(ctx, job, brief.base_sha, request.input.target)
    if isinstance(found, str):
        return Outcome(state="failed", summary=found)
    text = write_examination(found)
    await ctx.step("notify", notify, job, text, retries=2)
    data = Ending(form="document", report=text, base_sha=brief.base_sha).model_dump()
    return Outcome(state="done", summary=f"{found.kind}: {found.reason}", data=data | {"kind": found.kind})


def read_words(request: FlakyTask) -> FlakyTask:
    """Read ``fix`` where it stands before the test's name."""
    first, _, rest = request.input.target.strip().partition(" ")
    if first.casefold() != _FIX:
        return request
    given = request.input.model_copy(update={"target": rest.strip(), "fix": True})
    return request.model_copy(update={"input": given})


async def _report(ctx: Ctx, job: Job[Any], sha: str) -> Outcome:
    """Bring the history up to date and write it; into an issue once a week."""
    problem = await ctx.step("history", read_history, job, retries=2)
    report = await ctx.step("report", make_report, job, sha, problem)
    summary = f"{counted(report.found, 'test')} to look at."
    await ctx.step("notify", notify, job, report.text, retries=2)
    if job.task.input.weekly:
        number = await ctx.step("issue", keep_issue, job, report, retries=2)
        summary = f"{summary} Written to #{number}." if number is not None else summary
    return Outcome(state="done", summary=summary, data=Ending(form="document", report=report.text).model_dump())


TASK = TaskSpec(
    name="flaky",
    summary="Shows whether a test is flaky, and why; or which tests of the repository are.",
    details="The test runs alone, in the order it has, and in 20 orders of the whole suite; then what ran before it is "
    "halved until the test that disturbs it is left, and shown again by a command. Orders are for pytest; with other "
    "runners it runs alone and in its order. Without a test it is the report of the repository, from what CI uploaded. "
    "`/flaky fix` changes the code, and the flake that was reproduced is the proof.",
    examples=(
        ("/flaky tests/test_prices.py::test_total", "examines that test"),
        ("/flaky", "reports on the repository's tests"),
        ("/flaky fix test_total", "makes it pass in every order"),
    ),
    input=FlakyInput,
    request=Request[FlakyInput],
    run=run,
    subjects=frozenset({"issue", "pull", "repository"}),
    rules=FlakyRules,
    writes=Writes.BRANCH,
    stages={
        Stage.READ: "Read what was asked for",
        Stage.FIND: "Find the code",
        FlakyStage.HISTORY: "Read what CI reported",
        Stage.PREPARE: "Install and run the tests as they are",
        FlakyStage.EXAMINE: "Examine the test",
        Stage.EDIT: "Fix what it depends on",
        Stage.GATE: "Run it in the orders that failed, and all tests",
        Stage.JUDGE: "Have a second model read the change",
        Stage.PUBLISH: "Publish it with what was shown",
    },
    needs_open=True,
    unverified="Stopped: no fix was shown.",
    outlets=frozenset({"github", "branch", "result"}),
)
