"""Declare ``rollback``: from a bad deployment to the one before it."""

from __future__ import annotations

from enum import StrEnum

from bot.dispatch.spec import TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.github.api.scopes import COMMENT
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.github.text.outgoing import outgoing_line
from bot.store import deployments
from bot.work.assignment import Assignment
from bot.work.results import Ending
from bot.work.services import Services
from handlers.rollback import words
from handlers.rollback.planning import plan
from handlers.rollback.records import Plan, RollbackInput, RollbackTask, Started, told_issue
from handlers.rollback.rules import RollbackRules
from handlers.rollback.starting import claim, set_off

PART = "rollback"


class Stage(StrEnum):
    """Stage that steps report."""

    READ = "read"
    START = "start"
    TELL = "tell"


async def run(ctx: Ctx, services: Services, request: RollbackTask) -> Outcome:
    """Decide, note it, set it off, tell; who watches is another task."""
    policy = await ctx.step("policy", services.policies.load, request.repository, retries=2)
    work = Assignment(services, ctx.task_id, request, policy, policy.max_dollars("rollback"))
    found = await ctx.step("plan", plan, work, retries=2)
    if found.stop:
        return Outcome(state="refused", summary=found.stop)
    if other := await ctx.step("claim", claim, work, found):
        return Outcome(state="refused", summary=other)
    started = await ctx.step("start", set_off, work, found, retries=2)
    if started.way is None:
        return Outcome(state="failed", summary=words.write_failed(request, started))
    number = await ctx.step("tell", tell, work, found, started, retries=2)
    text = words.write_begun(request, found, started)
    summary = f"Asked for {found.sha[:10]} in {request.input.environment[:100]} again; #{number} tells how it ends."
    data = Ending(form="answer", report=text).model_dump() | {"issue": number, "deployment": started.deployment}
    return Outcome(state="done", summary=summary, data=data)


async def tell(work: Assignment[RollbackTask], found: Plan, started: Started) -> int:
    """Tell it in the issue where it was asked, or in one of its own."""
    services = work.services
    repository = work.task.repository
    github = await services.github.for_repository(repository, COMMENT)
    bot = await services.github.bot()
    marker = Marker(task=work.task_id, part=PART)
    body = services.outgoing(words.write_begun(work.task, found, started))
    number = told_issue(work.task)
    if number is not None:
        await issues.ensure_comment(github, repository, number, body, marker=marker, bot_id=bot.id)
    else:
        title = outgoing_line(words.write_title(work.task, found), secrets=services.settings.secrets)
        number = await issues.ensure_issue(github, repository, title, body, marker=marker, bot=bot)
    await services.store.run(deployments.change, work.task_id, issue=number)
    return number


TASK = TaskSpec(
    name="rollback",
    summary="Deploys what was good before to an environment.",
    details="The last good commit before the live one is deployed again, through the deployments API, a workflow of "
    "the repository's or a signed webhook, as its policy says. It is refused for an environment that the policy does "
    "not name, over a migration of a database that nobody marked as reversible, where nothing good was there before, "
    "and twice within 15 minutes. An issue tells how it ends. No model is asked.",
    examples=(("/rollback production", "deploys what was good there before"),),
    input=RollbackInput,
    request=RollbackTask,
    run=run,
    subjects=frozenset({"issue", "repository"}),
    writes=Writes.BRANCH,
    rules=RollbackRules,
    stages={Stage.READ: "Find what was good", Stage.START: "Deploy it", Stage.TELL: "Tell it"},
)
