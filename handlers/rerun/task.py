"""Declare ``/rerun``: once more, where CI's machines were shown to be at fault."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from pydantic import Field

from bot.change.publication import notify
from bot.change.recipe import Job
from bot.dispatch.spec import TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.github.api.client import Client
from bot.github.api.errors import Forbidden, NotFound
from bot.github.api.scopes import READ
from bot.github.resources import actions, pulls, repos
from bot.github.resources.actions import BAD, WorkflowRun
from bot.policy import TaskRules
from bot.work.origin import Request, TaskInput
from bot.work.results import Ending
from bot.work.services import Services
from handlers.heal.recipe import HEAL
from handlers.rerun.showing import Shown, examine, tell

_MOST = 3
_NO_RIGHT = "The App may not run workflows again here: its owner has to accept the permission group `ci`."


class Stage(StrEnum):
    """Stages that steps report."""

    READ = "read"
    LOOK = "look"
    RERUN = "rerun"


class RerunInput(TaskInput):
    """Input of a re-run."""

    run: int = Field(
        default=0, ge=0, title="run", description="id of the workflow run; by default all failed ones of the head"
    )


class RerunRules(TaskRules):
    """Rules of running again: it asks no model."""

    section: ClassVar[str] = "rerun"


RerunTask = Request[RerunInput]


async def run(ctx: Ctx, services: Services, request: RerunTask) -> Outcome:
    """Look at each failed run, and run those again that may."""
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    job: Job[Any] = Job(services, ctx.task_id, request, policy, 0.0, HEAL)
    try:
        found = await ctx.step("look", look, job, interruptible=True)
        done = [await ctx.step(f"rerun-{one.run}", rerun, job, one, retries=2) if one.again else one for one in found]
    except (Forbidden, NotFound):
        return Outcome(state="refused", summary=_NO_RIGHT)
    report = tell(done)
    await ctx.step("notify", notify, job, report, retries=2)
    again = sum(one.again for one in done)
    summary = f"Ran {again} of {len(done)} failed runs again." if again else report.removeprefix("- ")[:500]
    ending = Ending(form="document", report=report).model_dump()
    data = ending | {"runs": [one.run for one in done if one.again]}
    return Outcome(state="done" if again else "unverified", summary=summary, data=data)


async def look(job: Job[Any]) -> tuple[Shown, ...]:
    """Find the failed runs of the head, and what shows whose fault they are."""
    await job.stage(Stage.READ, "started")
    repository = job.task.repository
    client = await job.services.github.for_repository(repository, actions.READ_RUNS)
    runs = await _find_runs(job, client)
    await job.stage(Stage.LOOK, "started", f"{len(runs)} failed")
    found = tuple([await examine(job, client, one) for one in runs])
    await job.stage(Stage.LOOK, "done", "; ".join(one.why for one in found)[:300])
    return found


async def _find_runs(job: Job[Any], client: Client) -> tuple[WorkflowRun, ...]:
    repository = job.task.repository
    if job.task.input.run:
        return (await actions.get_run(client, repository, job.task.input.run),)
    github = await job.services.github.for_repository(repository, READ)
    if job.task.subject.number is None:
        sha = await repos.head_sha(github, repository, await repos.default_branch(github, repository))
    else:
        sha = (await pulls.get_pull(github, repository, job.task.number)).head_sha
    runs = await actions.list_runs(client, repository, sha=sha)
    return tuple(one for one in runs if one.conclusion in BAD)[:_MOST]


async def rerun(job: Job[Any], shown: Shown) -> Shown:
    """Run what failed again, unless that was done by now."""
    repository = job.task.repository
    client = await job.services.github.for_repository(repository, actions.RERUN)
    now = await actions.get_run(client, repository, shown.run)
    if now.attempt > shown.attempt:  # by an interrupted attempt of this step, or by a person: either way it runs
        return shown
    try:
        await actions.rerun_failed_jobs(client, repository, shown.run)
    except Forbidden as error:
        return shown.model_copy(update={"again": False, "why": f"GitHub refused it: {error.message[:200]}"})
    await job.audit(f"re-run workflow run {shown.run}", allowed=True, reason=shown.why[:500])
    await job.stage(Stage.RERUN, "done", str(shown.run))
    return shown


TASK = TaskSpec(
    name="rerun",
    summary="Runs CI once more where its machines are shown to be at fault.",
    details="A failed run is looked into: did the job die, or fail while it was set up, or does its log speak of its "
    "machine or network while the same command passes here on the same tree? Only then its failed jobs run again, once "
    "a run, and never for a fork. Everything else is left alone, with the reason. It asks no model.",
    examples=(("/rerun", "looks into the failed runs of this pull request's head"),),
    input=RerunInput,
    request=RerunTask,
    run=run,
    subjects=frozenset({"pull", "repository"}),
    rules=RerunRules,
    stages={
        Stage.READ: "Read what failed",
        Stage.LOOK: "Find out whose fault it is",
        Stage.RERUN: "Run it again",
    },
    needs_open=True,
    unverified="Nothing was run again.",
    outlets=frozenset({"github", "result"}),
    own_place=True,
)
