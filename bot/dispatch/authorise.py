"""Authorise the start of a task, for every door, and audit the decision."""

from __future__ import annotations

from collections.abc import Collection

from bot.github.api.scopes import READ_CODE
from bot.github.resources import permissions
from bot.policy import PATH, Decision, Policy, may
from bot.store import audit
from bot.types import Actor, Repository
from bot.work.origin import Door, Principal
from bot.work.services import Services

# A program may act through these, if the server trusts it. What it writes in a comment may quote anybody.
_OPEN_TO_PROGRAMS: frozenset[Door] = frozenset(
    {"label", "button", "review", "event", "api", "action", "terminal", "schedule", "alert"}
)


async def identify(services: Services, repository: Repository, actor: Actor) -> Principal:
    """Return the account with its real permission, asked of GitHub."""
    github = await services.github.for_repository(repository, READ_CODE)
    return Principal(actor=actor, role=await permissions.role_of(github, repository, actor.login, actor.id))


def authorise(
    principal: Principal, name: str, door: Door, policy: Policy, trusted_bots: Collection[str] = ()
) -> Decision:
    """Decide whether a principal may use the task or command ``name``.

    ``door`` is the way in that they use. A command that the policy switches off is off for labels and buttons too.
    Events that start a task by themselves have switches of their own (``review.on``).
    """
    if closed := policy.refuse(name):
        return Decision(False, closed)
    level = policy.level(name) or ("write" if door == "event" else None)
    if level is None:
        return Decision(False, f"`/{name}` is switched off in this repository (`commands` in `{PATH}`).")
    if principal.vouched:
        return Decision(True, principal.vouched)
    return may(principal.actor, principal.role, level, trusted_bots if door in _OPEN_TO_PROGRAMS else ())


async def record(
    services: Services, delivery: str, repository: Repository, actor: Actor, action: str, decision: Decision
) -> None:
    """Write the audit row of a decision about ``start fix`` or ``/ask``."""
    where = {"delivery": delivery, "repository": repository.full_name, "actor": actor.login}
    await services.store.run(audit.record, action, allowed=decision.allowed, reason=decision.reason, **where)
