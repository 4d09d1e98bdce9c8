"""Declare ``/plan``: a reviewed plan for an issue, without code."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from bot.change.recipe import Job
from bot.change.stages import Stage
from bot.dispatch.spec import Doors, TaskSpec
from bot.engine.port import Ctx, Outcome
from bot.markdown import counted
from bot.plans.records import Plan
from bot.policy import Dollars, TaskRules
from bot.work.origin import Request, TaskInput
from bot.work.results import Ending
from bot.work.services import Services
from handlers.implement.recipe import IMPLEMENT
from handlers.plan import publication
from handlers.plan.drafting import Drafted, make_draft
from handlers.plan.split import split
from handlers.plan.stages import PlanStage
from handlers.plan.words import say_size, tell_parts, write_split

_SPLIT = "split"


class PlanInput(TaskInput):
    """Input of a plan."""

    text: str = Field(default="", title="text", description="what the issue does not say: a wish, a limit, a place")


class PlanRules(TaskRules):
    """Rules of a plan."""

    section: ClassVar[str] = "plan"

    label: str = Field(
        default="ai-plan", min_length=1, max_length=50, description="the label that starts it on an issue"
    )
    max_dollars: Dollars | None = Field(default=2.0, description="ceiling for the model calls of one plan")


async def run(ctx: Ctx, services: Services, request: Request[PlanInput]) -> Outcome:
    """Draft, and show the plan; ``/implement`` goes on from it."""
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    splits = request.asked.strip().casefold() == _SPLIT and not request.quiet
    if splits:  # the word is no wish that the plan has to meet
        request = request.model_copy(update={"input": PlanInput()})
    job = Job(services, ctx.task_id, request, policy, policy.max_dollars("plan"), IMPLEMENT)
    drafted = await make_draft(ctx, job)
    if isinstance(drafted, Outcome):
        return drafted
    plan = drafted.draft.plan
    assert plan is not None, "a draft without questions has a plan"
    if splits:
        return await _split(ctx, job, drafted, plan)
    text = await ctx.step("show", publication.show, job, drafted.draft, retries=2)
    summary = f"Planned: {say_size(plan)}. `/implement` goes on from this plan."
    data = Ending(form="document", report=text, parts=tell_parts(drafted.draft)).model_dump()
    return Outcome(state="done", summary=summary, data=data)


async def _split(ctx: Ctx, job: Job[Request[PlanInput]], drafted: Drafted, plan: Plan) -> Outcome:
    """Open an issue for each step; show the plan first if nobody has seen it."""
    if drafted.fresh:
        await ctx.step("show", publication.show, job, drafted.draft, retries=2)
    opened = await ctx.step("split", split, job, drafted.draft, retries=2)
    text = write_split(plan, opened.numbers, below=opened.below)
    await ctx.step("show-split", publication.show_split, job, text, retries=2)
    ending = Ending(form="document", report=text, parts=tell_parts(drafted.draft))
    data = ending.model_dump() | {"issues": opened.numbers}
    return Outcome(state="done", summary=f"Split into {counted(len(opened.numbers), 'issue')}.", data=data)


TASK = TaskSpec(
    name="plan",
    summary="Plans what an issue asks for, without code.",
    details="A specification with requirements, options with their trade-offs, steps, files, risks and tests, and a "
    "diagram where it helps. Code looks up every file and name in it, and a second model reads it. What is unclear is "
    "asked first. `/implement` goes on from the plan.",
    examples=(
        ("/plan", "plans what this issue asks for"),
        ("/plan Keep the old format readable", "plans it within that limit"),
        ("/plan split", "opens an issue for each step of the plan, once"),
    ),
    input=PlanInput,
    request=Request[PlanInput],
    run=run,
    subjects=frozenset({"issue"}),
    rules=PlanRules,
    stages={
        Stage.READ: "Read the issue",
        Stage.FIND: "Find the code",
        PlanStage.SPECIFY: "Write the specification",
        PlanStage.PLAN: "Plan, and have a second model read the plan",
    },
    doors=Doors(label=True),
    needs_open=True,
    unverified="Stopped without a plan.",
    outlets=frozenset({"github", "result"}),
)
