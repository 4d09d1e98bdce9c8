"""Show the policy that holds for a repository; try an edited one out, and propose it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from bot.dispatch.authorise import record
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import RepositoryName
from bot.doors.api.operation import Operations, Reply, Sent
from bot.doors.api.problems import Problem
from bot.doors.api.views import clean
from bot.doors.proposing import Proposal, propose
from bot.doors.rehearsal.comparison import Occurrence, compare
from bot.money import micro_dollars
from bot.policy import PATH, Decision, DefaultBranch, Policy, PolicyError, list_values, may, parse_policy
from bot.store import ceilings
from bot.store.ceilings import Spent
from bot.store.database import now_ms
from bot.types import JsonModel, Repository
from bot.work.services import Services

_LOOK_BACK_MS = 30 * 86_400_000
operations = Operations("policy")


class PolicyQuery(Sent):
    """The repository whose policy is wanted."""

    repository: RepositoryName


class PolicyText(Sent):
    """A policy file to try out."""

    text: str = Field(max_length=70_000, description="what `.github/forgehand.yml` would hold")


class PolicyEdit(PolicyText):
    """A policy file to try out on a repository, or to propose to it."""

    repository: RepositoryName


class PolicyFile(JsonModel):
    """The policy file of a repository's default branch."""

    path: str
    branch: str
    text: str = Field(description="empty where there is no file, or none that can be read")
    there: bool
    url: str = Field(description="address of the file on GitHub; a line is `#L` and its number")


class Outlook(JsonModel):
    """Consequence of an event."""

    started: tuple[str, ...] = Field(description="tasks that it starts")
    refused: tuple[str, ...] = Field(description="refusals, in sentences")
    silence: str = Field(description="why nothing comes of it, empty where something does")


class RehearsedEvent(JsonModel):
    """Event of the past, under the policy of now and the edited one."""

    number: int
    subject: Literal["issue", "pull"]
    title: str
    what: str
    changed: bool
    now: Outlook
    then: Outlook
    notes: tuple[str, ...]


class RehearsedBudget(JsonModel):
    """A ceiling that the edited file changes, against what was spent."""

    key: str
    now: float = Field(description="dollars")
    then: float = Field(description="dollars")
    passed: int = Field(description="how often within 30 days more was spent than `then`")
    of: int = Field(description="how many tasks or days that are of")


class Rehearsal(JsonModel):
    """Past events under an edited file; nothing was started or written."""

    valid: bool
    problem: str
    items: tuple[RehearsedEvent, ...]
    budgets: tuple[RehearsedBudget, ...]
    requests: int = Field(description="requests to GitHub that this took")


class Proposed(JsonModel):
    """The pull request for an edited file."""

    url: str


class PolicyKey(JsonModel):
    """A key of the policy and where its value comes from."""

    key: str
    value: Any
    origin: str = Field(description="`default`, `line 3`, `the server`, ...")


class EffectivePolicy(JsonModel):
    """A policy below the server's ceilings."""

    valid: bool = Field(description="whether the repository's file can be read; else the defaults stand in `keys`")
    problem: str = Field(description="what is wrong with it, and with the organisation's file, by line and key")
    keys: tuple[PolicyKey, ...]


@operations.add("GET", "/policy", scope="read", etag=True)
async def read_policy(context: Context, caller: Caller, query: PolicyQuery) -> EffectivePolicy:
    """Return the policy that holds for a repository."""
    repository = await context.gate.readable(caller, query.repository, "read policy")
    policy, fault = await context.services.policies.load_or_default(repository)
    return _effective(policy, fault)


@operations.add("POST", "/policy/check", scope="read")
async def check_policy(context: Context, body: PolicyText) -> EffectivePolicy:
    """Say what a policy file would mean, without putting it anywhere."""
    services = context.services
    try:
        policy = await asyncio.to_thread(parse_policy, body.text, services.settings, context.registry.schema)
    except PolicyError as fault:
        return _effective(services.policies.default, fault)
    return _effective(policy, None)


@operations.add("GET", "/policy/file", scope="read")
async def read_policy_file(context: Context, caller: Caller, query: PolicyQuery) -> PolicyFile:
    """Return the policy file of a repository's default branch."""
    repository = await context.gate.readable(caller, query.repository, "read policy")
    found = await DefaultBranch(context.services.github).read(repository, PATH)
    web = context.services.settings.web_url
    return PolicyFile(
        path=PATH,
        branch=repository.default_branch,
        text=(found[0] or "") if found else "",
        there=found is not None,
        url=f"{web}/{repository.full_name}/blob/{repository.default_branch}/{PATH}",
    )


@operations.add("POST", "/policy/rehearse", scope="read")
async def rehearse_policy(context: Context, caller: Caller, body: PolicyEdit) -> Rehearsal:
    """Say what would have happened under an edited policy file.

    The newest 20 issues and pull requests, with their commands and labels, go through the same doors as deliveries,
    under the file of now and under the edited one. For people with write permission.
    """
    services = context.services
    repository = await _find_for_writer(context, caller, body.repository, "rehearse policy")
    checked = await check_policy(context, body)
    if not checked.valid:
        return Rehearsal(valid=False, problem=checked.problem, items=(), budgets=(), requests=0)
    assert context.deliveries is not None, "this process takes deliveries"
    found = await compare(services, context.deliveries.handlers, repository, body.text)
    since = now_ms() - _LOOK_BACK_MS
    spent = await services.store.read(ceilings.load_spent, repository.full_name, since, services.settings.zone)
    return Rehearsal(
        valid=True,
        problem="",
        items=tuple(_show(one, services) for one in found.occurrences),
        budgets=tuple(_compare_budgets(found.now, found.then, spent)),
        requests=found.requests,
    )


@operations.add("POST", "/policy/propose", scope="run", statuses=(201,))
async def propose_policy(context: Context, caller: Caller, body: PolicyEdit) -> Reply[Proposed]:
    """Open a pull request with an edited policy file.

    It holds once it is merged: the file is read from the default branch only. For people with write permission.
    """
    services = context.services
    repository = await _find_for_writer(context, caller, body.repository, "propose policy")
    checked = await check_policy(context, body)
    if not checked.valid:
        raise Problem(checked.problem, status=400)
    login = caller.actor.login
    reason = f"@{login} has write permission and proposed an edited `{PATH}`."
    await record(services, caller.id, repository, caller.actor, "propose policy", Decision(True, reason))
    digest = hashlib.sha256(body.text.encode()).hexdigest()[:8]
    told = f"Edited by @{login} in the control room, and checked. It holds once this is merged into the default branch."
    proposal = Proposal(PATH, body.text, f"forgehand/config-{digest}", f"Change {PATH}", services.outgoing(told))
    return Reply(Proposed(url=await propose(services.github, repository, proposal)), 201)


async def _find_for_writer(context: Context, caller: Caller, full_name: str, action: str) -> Repository:
    """Find a repository that the caller may write to.

    Administrators of this server need no role."""
    if caller.holds("admin"):
        return await context.gate.readable(caller, full_name, action)
    admission = await context.gate.admit(caller, full_name, action)
    decision = may(caller.actor, admission.principal.role, "write", ())
    if not decision.allowed:
        await record(context.services, caller.id, admission.repository, caller.actor, action, decision)
        raise Problem(decision.reason, status=403)
    return admission.repository


def _show(one: Occurrence, services: Services) -> RehearsedEvent:
    now, then = (Outlook(started=each.started, refused=each.refused, silence=each.silence) for each in one[1:3])
    view = RehearsedEvent(
        number=one.past.number,
        subject="pull" if one.past.is_pull else "issue",
        title=one.past.title[:200],
        what=one.past.what[:200],
        changed=one.changed,
        now=now,
        then=then,
        notes=one.notes,
    )
    return RehearsedEvent.model_validate(clean(services, view.model_dump()))


def _compare_budgets(now: Policy, then: Policy, spent: Spent) -> Iterator[RehearsedBudget]:
    """Yield the ceilings that differ, against what tasks and days have cost."""
    for name in now.tasks:
        ceilings_of = now.max_dollars(name), then.max_dollars(name)
        costs = spent.tasks.get(name, ())
        if ceilings_of[0] != ceilings_of[1]:
            yield _count_passed(f"{name}.max_dollars", ceilings_of, costs)
    days = now.limits.dollars_per_day, then.limits.dollars_per_day
    if days[0] != days[1]:
        yield _count_passed("limits.dollars_per_day", days, spent.days)


def _count_passed(key: str, amounts: tuple[float, float], costs: Sequence[int]) -> RehearsedBudget:
    now, then = amounts
    passed = sum(cost > micro_dollars(then) for cost in costs)
    return RehearsedBudget(key=key, now=now, then=then, passed=passed, of=len(costs))


def _effective(policy: Policy, fault: PolicyError | None) -> EffectivePolicy:
    keys = tuple(PolicyKey(key=key, value=value, origin=origin) for key, value, origin in list_values(policy))
    problems = ("" if fault is None else fault.message, policy.organisation.problem if policy.organisation else "")
    return EffectivePolicy(valid=fault is None, problem="\n\n".join(filter(None, problems)), keys=keys)
