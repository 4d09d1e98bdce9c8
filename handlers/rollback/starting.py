"""Set a rollback off, once, by the first way that is taken."""

from __future__ import annotations

from bot.deployments.decision import PAUSE
from bot.github.api.errors import Conflict, Forbidden, Invalid, NotFound
from bot.github.api.scopes import DEPLOY, DISPATCH
from bot.github.resources import deployments as api
from bot.github.resources import repos
from bot.store import deployments
from bot.store.database import now_ms
from bot.store.deployments import Rollback
from bot.work.assignment import Assignment
from handlers.rollback.calling import call
from handlers.rollback.records import Plan, RollbackTask, Started, told_issue
from handlers.rollback.rules import EnvironmentRules, RollbackRules, Way

LOOK = 30_000
"""How long after it was set off a rollback is looked at, in ms, if no event came."""
_REFUSED = (Forbidden, Invalid, NotFound, Conflict)


async def claim(work: Assignment[RollbackTask], plan: Plan) -> str:
    """Note the rollback first; return why another one forbids it."""
    wanted = Rollback(
        task=work.task_id,
        place=work.task.repository,
        environment=work.task.input.environment,
        bad=plan.bad.id,
        bad_sha=plan.bad.sha,
        sha=plan.sha,
        issue=told_issue(work.task),
        began=now_ms(),
    )
    other = await work.services.store.run(deployments.begin, wanted, PAUSE)
    if other is None:
        return ""
    minutes = (now_ms() - other.began) // 60_000
    return (
        f"`{wanted.environment[:100]}` was rolled back {minutes} minutes ago (task `{other.task}`), and within "
        f"{PAUSE // 60_000} minutes I do it only once: look at it first."
    )


async def set_off(work: Assignment[RollbackTask], plan: Plan) -> Started:
    """Try the policy's ways in their order, and note which one was taken."""
    rules = work.policy.rules(RollbackRules).environments[work.task.input.environment]
    problems: list[str] = []
    for way in rules.ways:
        try:
            started = await _try(work, plan, way, rules)
        except _REFUSED as error:
            problems.append(f"{way}: {error.message}")
            continue
        if isinstance(started, str):
            problems.append(f"{way}: {started}")
            continue
        values = {"way": way, "deployment": started.deployment, "state": "watching", "due": now_ms() + LOOK}
        await work.services.store.run(deployments.change, work.task_id, **values)
        await work.audit(f"roll back {work.task.input.environment[:100]}", allowed=True, reason=f"{way} of {plan.sha}")
        return started.model_copy(update={"problems": tuple(problems)})
    await work.services.store.run(deployments.change, work.task_id, state="failed", ended=now_ms())
    return Started(problems=tuple(problems))


async def _try(work: Assignment[RollbackTask], plan: Plan, way: Way, rules: EnvironmentRules) -> Started | str:
    if way == "workflow":
        return await _dispatch(work, plan, rules)
    if way == "webhook":
        return await call(work, plan, rules) or Started(way=way)
    github = await work.services.github.for_repository(work.task.repository, DEPLOY)
    made = await api.ensure_rollback(
        github,
        work.task.repository,
        environment=work.task.input.environment,
        sha=plan.sha,
        description=f"Rolled back from {plan.bad.sha[:10]}",
        task_id=work.task_id,
    )
    return Started(way=way, deployment=made.id)


async def _dispatch(work: Assignment[RollbackTask], plan: Plan, rules: EnvironmentRules) -> Started | str:
    """Dispatch the service's workflow, unless a step that died had done so."""
    repository = work.task.repository
    file = rules.workflow
    if not file:
        return "the policy names no `workflow` for this environment"
    github = await work.services.github.for_repository(repository, DISPATCH)
    row = await work.services.store.run(deployments.find, work.task_id)
    bot = await work.services.github.bot()
    # GitHub's clock has whole seconds
    since = (row.began if row is not None else now_ms()) // 1000 * 1000
    if not await api.was_dispatched(github, repository, file, since, bot.login):
        branch = await repos.default_branch(github, repository)
        await api.dispatch_workflow(github, repository, file, branch, {rules.input: plan.sha})
    return Started(way="workflow")
