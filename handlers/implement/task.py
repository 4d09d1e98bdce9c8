"""Declare ``/implement``: from an issue to a pull request whose requirements are traced to tests."""

from __future__ import annotations

from pydantic import Field

from bot.change.pipeline import run_change
from bot.change.recipe import Job
from bot.change.stages import Stage
from bot.dispatch.spec import Doors, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.work.origin import Request, TaskInput
from bot.work.results import Ending
from bot.work.services import Services
from handlers.implement.recipe import IMPLEMENT
from handlers.implement.rules import ImplementRules
from handlers.plan import history, publication
from handlers.plan.drafting import Drafted, make_draft
from handlers.plan.stages import PlanStage
from handlers.plan.words import say_size


class ImplementInput(TaskInput):
    """Input of an implementation."""

    text: str = Field(default="", title="text", description="what the issue does not say: a wish, a limit, a place")
    report: str = Field(
        default="",
        title="report",
        description="what is wanted, where no issue says it: a title in the first line, the text below",
    )


async def run(ctx: Ctx, services: Services, request: Request[ImplementInput]) -> Outcome:
    """Draft, wait for approval where the policy says so, then change code."""
    policy = await ctx.step("draft-policy", services.policies.load, request.repository, retries=2)
    job = Job(services, ctx.task_id, request, policy, IMPLEMENT.rules(policy).max_dollars, IMPLEMENT)
    drafted = await make_draft(ctx, job)
    if isinstance(drafted, Outcome):
        return drafted
    waiting = await _wait_for_approval(ctx, job, drafted)
    return waiting or await run_change(ctx, services, IMPLEMENT, request)


async def _wait_for_approval(ctx: Ctx, job: Job[Request[ImplementInput]], drafted: Drafted) -> Outcome | None:
    """Show a new plan; end here where somebody has to approve it first."""
    draft = drafted.draft
    assert draft.plan is not None, "a draft without questions has a plan"
    text = await ctx.step("show", publication.show, job, draft, retries=2) if drafted.fresh else ""
    rules = job.policy.rules(ImplementRules)
    if drafted.approved or not rules.wants_approval(draft.plan, disputed=bool(draft.objections)):
        return None
    data = Ending(report=text or None).model_dump() | history.APPROVAL
    return Outcome(state="awaiting_approval", summary=f"The plan is there: {say_size(draft.plan)}.", data=data)


TASK = TaskSpec(
    name="implement",
    summary="Implements what an issue asks for, from a plan, with acceptance tests first.",
    details="The issue becomes a specification; what is unclear is asked in one comment, and your answer has it go on. "
    "A plan is posted, and waits for `/approve` where `implement.approval` says so. Tests for every requirement are "
    "written and fail before anything is changed; then the work is done in steps, one commit each. The pull request "
    "traces each requirement to its tests. A plan that `/plan` made for the issue is used as it is.",
    examples=(
        ("/implement", "implements what this issue asks for"),
        ("/implement Keep the old format readable", "does it within that limit"),
    ),
    input=ImplementInput,
    request=Request[ImplementInput],
    run=run,
    subjects=frozenset({"issue", "repository"}),
    rules=ImplementRules,
    writes=Writes.BRANCH,
    stages={
        Stage.READ: "Read the issue",
        Stage.FIND: "Find the code",
        PlanStage.SPECIFY: "Write the specification",
        PlanStage.PLAN: "Plan, and have a second model read the plan",
        Stage.PREPARE: "Install and run the tests as they are",
        Stage.PROVE: "Write acceptance tests that fail",
        Stage.EDIT: "Make the change, step by step",
        Stage.GATE: "Check it in a fresh tree, each requirement by its tests",
        Stage.JUDGE: "Have a second model check each requirement",
        Stage.PUBLISH: "Open a pull request",
    },
    doors=Doors(label=True),
    needs_open=True,
    unverified="Stopped without a verified feature.",
    report="report",
    outlets=frozenset({"github", "branch", "result"}),
)
