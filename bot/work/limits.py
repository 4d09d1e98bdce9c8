"""List every limit on what models may cost that holds now, whoever has set it and wherever it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import sqlalchemy as sa

from bot.github.api.errors import Forbidden, GitHubError, NotFound
from bot.money import micro_dollars
from bot.policy import Policy, PolicyError, PolicyLoader
from bot.policy.organisation import OrganisationFile
from bot.settings import BudgetSettings
from bot.store import installations, limits, tasks
from bot.store.database import now_ms
from bot.store.limits import Limit
from bot.store.store import Store
from bot.types import Repository

_Load = Callable[[Repository], Awaitable[tuple[Policy, PolicyError | None]]]
_LOOK_BACK_MS = 31 * 86_400_000  # a repository without a task for so long spends nothing
_MOST = 200  # repositories whose files are read
_AT_ONCE = 8
_TASK_RAISED_BY = (
    "Whoever runs this server can raise `task` of FORGEHAND_BUDGET in its settings, or a single task's limit at once "
    "(`forgehand budget set task:ID total DOLLARS`)."
)


class LimitsInForce(NamedTuple):
    """The limits that hold, and which of them could not be read."""

    limits: tuple[Limit, ...]
    problems: tuple[str, ...] = ()


class _Known(NamedTuple):
    stored: list[Limit]
    repositories: list[Repository]
    owners: list[tuple[int, str]]


async def list_in_force(store: Store, budget: BudgetSettings, policies: PolicyLoader) -> LimitsInForce:
    """List limits of settings, operators, policies and owners' files.

    Policies are those of repositories that had a task within 31 days.
    """
    known = await store.read(_load)
    shown = known.repositories[:_MOST]
    gate = asyncio.Semaphore(_AT_ONCE)
    problems: list[str] = []

    async def read_policy(repository: Repository) -> tuple[Limit, ...]:
        async with gate:
            return await _list_own(policies.load_recent, repository, problems)

    async def read_owner(installation: int, owner: str) -> tuple[Limit, ...]:
        async with gate:
            file = await _find_file(policies, installation, owner, problems)
        return () if file is None else await _list_owners(store, file, owner, known)

    found = await asyncio.gather(*map(read_policy, shown), *(read_owner(*owner) for owner in known.owners))
    if len(known.repositories) > _MOST:
        problems.append(f"Of {len(known.repositories)} repositories with tasks the {_MOST} newest ones were read.")
    given = [*list_of_settings(budget), *(limit for some in found for limit in some)]
    return LimitsInForce(tuple(limits.replace_given(given, known.stored)), tuple(sorted(problems)))


async def list_of_repository(store: Store, policies: PolicyLoader, repository: Repository) -> LimitsInForce:
    """List the limits that are about a repository alone."""
    problems: list[str] = []
    own = await _list_own(policies.load_or_default, repository, problems)
    left = await policies.owners.govern(repository)
    given = [*own, *(one for one in left.budget.list_limits(repository.full_name, "") if one.scope == "repository")]
    stored = await store.read(limits.list_limits)
    mine = (one for one in stored if one.scope == "repository" and _is_same(one.name, repository.full_name))
    return LimitsInForce((*given, *mine), tuple(problems))


def list_of_settings(budget: BudgetSettings) -> list[Limit]:
    """List what the settings let the server and any task cost."""
    server = Limit(scope="instance", name="", period="day", ceiling=micro_dollars(budget.day), given_by="settings")
    ceiling = micro_dollars(budget.task)
    task = Limit(
        scope="task", name="*", period="total", ceiling=ceiling, given_by="settings", raised_by=_TASK_RAISED_BY
    )
    return [server, task]


def _load(connection: sa.Connection) -> _Known:
    since = now_ms() - _LOOK_BACK_MS
    asked = [Repository.model_validate(one) for one in tasks.list_repositories(connection, since)]
    repositories = list({one.id: one for one in reversed(asked)}.values())[::-1]  # of two names the newer one
    owners = {owner.casefold(): (number, owner) for number, owner in installations.list_active(connection)}
    owners = {one.owner.casefold(): (one.installation, one.owner) for one in repositories} | owners
    return _Known(limits.list_limits(connection), repositories, list(owners.values()))


async def _list_own(load: _Load, repository: Repository, problems: list[str]) -> tuple[Limit, ...]:
    """List what a repository's own policy limits."""
    try:
        policy, _ = await load(repository)
    except (Forbidden, NotFound):
        return ()  # the App was taken off it
    except GitHubError:
        problems.append(f"What the policy of {repository.full_name} limits is not known: GitHub did not answer.")
        return ()
    ceiling = micro_dollars(policy.limits.dollars_per_day)
    return (Limit(scope="repository", name=repository.full_name, period="day", ceiling=ceiling, given_by="policy"),)


async def _find_file(
    policies: PolicyLoader, installation: int, owner: str, problems: list[str]
) -> OrganisationFile | None:
    try:
        return await policies.owners.find(owner, installation)
    except (Forbidden, NotFound):
        return None
    except GitHubError:
        problems.append(f"What the file of {owner} limits is not known: GitHub did not answer.")
        return None


async def _list_owners(store: Store, file: OrganisationFile, owner: str, known: _Known) -> tuple[Limit, ...]:
    """List what an owner's file limits."""
    names = [one.name for one in known.repositories if _is_same(one.owner, owner)]
    people: list[str] = []
    if file.budget.people:  # only then it matters who they are
        spenders = await store.read(limits.list_spenders, now_ms() - _LOOK_BACK_MS)
        people = [person for place, person in spenders if _is_same(place, owner)]
    return file.budget.list_limits(owner, names, people)


def _is_same(name: str, other: str) -> bool:
    return name.casefold() == other.casefold()
