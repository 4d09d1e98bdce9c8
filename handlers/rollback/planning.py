"""Decide what to go back to, or say why nothing is rolled back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from bot.deployments.decision import find_earlier_good, find_live
from bot.deployments.history import read_history
from bot.deployments.telling import load_figures
from bot.git.errors import GitError, ObjectMissing
from bot.git.reverts import changed_between
from bot.github.api.scopes import READ_DEPLOYMENTS
from bot.markdown import inline_code, listed
from bot.migrations import MARK, find_irreversible, list_migrations, read_migrations
from bot.store import deployments
from bot.store.database import now_ms
from bot.store.deployments import Deployed
from bot.work.assignment import Assignment
from handlers.rollback.records import Plan, RollbackTask
from handlers.rollback.rules import RollbackRules

_SHA = re.compile(r"[0-9a-f]{40}")
_NAMED = 5


async def plan(work: Assignment[RollbackTask]) -> Plan:
    """Find what is live, what was good before, and what forbids it."""
    wanted = work.task.input
    repository = work.task.repository
    place = inline_code(wanted.environment[:100])
    if wanted.environment not in work.policy.rules(RollbackRules).environments:
        return Plan(stop=f"The policy does not let me roll {place} back (`rollback.environments`).")
    github = await work.services.github.for_repository(repository, READ_DEPLOYMENTS)
    history = await read_history(github, work.services.store, repository, wanted.environment)
    live = find_live(history)
    if live is None:
        return Plan(stop=f"No deployment to {place} has succeeded, so there is nothing to go back from.")
    target = await _find_target(work, history, live)
    if isinstance(target, str):
        return Plan(stop=target, live=live)
    load = partial(load_figures, repository=repository.id, deployed=live, until=now_ms())
    figures = await work.services.store.run(load)
    found = Plan(live=live, sha=target.sha, target=target, figures=figures)
    return found.model_copy(update={"stop": await _find_migrations(work, live.sha, target.sha)})


async def _find_target(work: Assignment[RollbackTask], history: Sequence[Deployed], live: Deployed) -> Deployed | str:
    """Return the deployment to go back to, or why there is none."""
    wanted = work.task.input
    place = inline_code(wanted.environment[:100])
    back = await work.services.store.run(
        deployments.list_rollbacks, work.task.repository.id, wanted.environment
    )  # fmt: skip
    others = [one for one in back if one.task != work.task_id]
    asked = wanted.to.strip().lower()
    if not asked:
        found = find_earlier_good(history, live, {one.bad for one in others}, {one.bad_sha for one in others})
        return found or f"No other commit was deployed to {place} and good before, so there is nothing to go back to."
    if not _SHA.fullmatch(asked):
        return "`to` is no commit: write all 40 characters of its sha."
    if asked == live.sha:
        return f"{inline_code(asked[:10])} is live in {place} already."
    good = [one for one in history if one.sha == asked and one.good is not None]
    known = good or [
        one
        for one in await work.services.store.run(deployments.list_deployed, work.task.repository.id, wanted.environment)
        if one.sha == asked and one.good is not None
    ]
    return known[0] if known else f"{inline_code(asked[:10])} was never deployed to {place} with success."


async def _find_migrations(work: Assignment[RollbackTask], live: str, target: str) -> str:
    """Name migrations between two commits that nobody has marked."""
    try:
        await work.fetch(live, target)
        mirror = await work.mirror(live)
        paths = list_migrations(await changed_between(mirror, await mirror.resolve(target), await mirror.resolve(live)))
        texts = {path: await mirror.read(live, path) or await mirror.read(target, path) for path in paths}
    except ObjectMissing:
        return "One of the two commits is gone from the repository, so I cannot see which migrations lie between them."
    except GitError as error:
        return f"I cannot see which migrations lie between the two commits. {error.message}"
    found = find_irreversible(read_migrations(texts))
    if not found:
        return ""
    files = listed([f"{inline_code(one.path)} ({one.kind})" for one in found], _NAMED)
    return (
        f"Between {inline_code(target[:10])} and {inline_code(live[:10])} lies {files}, and nobody has said that the "
        f"earlier code works with the database as it is now. Where it does, write a comment `{MARK}` into the "
        "migration; else repair it forward."
    )
