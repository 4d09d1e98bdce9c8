"""Decide what a token's account may see and start, by asking GitHub.

An unknown repository, one the App is not installed on and one the account cannot read are refused in the same words and
after the same questions to GitHub: a token is no way to find out what exists, nor is a clock.
"""

from __future__ import annotations

from typing import NamedTuple

from cachetools import TTLCache

from bot.dispatch.authorise import authorise, identify, record
from bot.doors.api.callers import Caller
from bot.doors.api.problems import Problem
from bot.github.api.errors import Forbidden, NotFound
from bot.github.resources.permissions import Role
from bot.policy import Policy, may
from bot.store import audit
from bot.store.tasks import Task
from bot.types import Repository
from bot.work.origin import Principal, Request
from bot.work.services import Services

_READ_SECONDS = 30.0  # for reading only: to start or stop something GitHub is asked each time
_STAND_IN_SECONDS = 3600.0
_MOST = 10_000


class Admission(NamedTuple):
    """A repository and the caller with the role it has there."""

    repository: Repository
    principal: Principal


class Gate:
    """The permissions of callers."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._roles: TTLCache[tuple[str, int, int], Role | None] = TTLCache(_MOST, ttl=_READ_SECONDS)
        self._stand_ins: TTLCache[str, Repository] = TTLCache(1, ttl=_STAND_IN_SECONDS)

    async def admit(self, caller: Caller, full_name: str, action: str) -> Admission:
        """Find a repository that the caller may read, with its role now.

        Raises :class:`Problem` (403), after an audit row about ``action``.
        """
        repository = await self._find(full_name)
        role = await self._ask_role(caller, repository)
        if repository is not None and caller.reaches(repository) and _includes_read(role):
            return Admission(repository, caller.principal.model_copy(update={"role": role}))
        raise await self._refusal(caller, full_name, action)

    async def readable(self, caller: Caller, full_name: str, action: str) -> Repository:
        """Find a repository that the caller may read about.

        Administrators of this server read about each that the App is installed on. Raises :class:`Problem` (403).
        """
        repository = await self.find(caller, full_name)
        if repository is None:
            raise await self._refusal(caller, full_name, action)
        return repository

    async def find(self, caller: Caller, full_name: str) -> Repository | None:
        """Find a repository that the caller may read about, if it is one.

        A role is remembered for a name, also one in the repository that stands in for a name of nothing.
        """
        repository = await self._find(full_name)
        if not caller.holds("admin"):
            key = (full_name.casefold(), 0 if repository is None else repository.id, caller.actor.id)
            if key not in self._roles:
                self._roles[key] = await self._ask_role(caller, repository)
            if not _includes_read(self._roles[key]):
                return None
        return repository if repository is not None and caller.reaches(repository) else None

    async def reads(self, caller: Caller, repository: Repository) -> bool:
        """Return True if the caller may read a repository's tasks.

        Not even an account that may is told of a repository that the App was taken off: no token for it can be had.
        """
        if caller.holds("admin") or not caller.reaches(repository):
            return caller.reaches(repository)
        key = ("", repository.id, caller.actor.id)
        if key not in self._roles:
            try:
                self._roles[key] = (await identify(self._services, repository, caller.actor)).role
            except (Forbidden, NotFound):
                self._roles[key] = None
        return _includes_read(self._roles[key])

    async def check_reader(self, caller: Caller, task: Task | None) -> Task:
        """Return the task if the caller may read it.

        Raises :class:`Problem` (404): whoever may not read it is not told that it exists.
        """
        if task is None or not await self.reads(caller, repository_of(task)):
            raise Problem("There is no such task, or you may not read its repository.", status=404)
        return task

    async def decide(self, caller: Caller, name: str, admission: Admission, policy: Policy, action: str) -> None:
        """Authorise a command on a repository, and audit the decision.

        Raises :class:`Problem` (403) with the decision's sentence.
        """
        trusted = self._services.settings.trusted_bots
        decision = authorise(admission.principal, name, "api", policy, trusted)
        await record(self._services, caller.token.id, admission.repository, caller.actor, action, decision)
        if not decision.allowed:
            raise Problem(decision.reason, status=403)

    async def _find(self, full_name: str) -> Repository | None:
        """Find a repository; where there is none, as much is asked about another."""
        stand_in = await self._choose_stand_in()
        repository = await self._services.github.find_repository(full_name)
        if repository is None and stand_in is not None:
            await self._services.github.find_again(stand_in)
        return repository

    async def _ask_role(self, caller: Caller, repository: Repository | None) -> Role | None:
        """Ask for the caller's role, if need be where it does not matter."""
        asked = repository or await self._choose_stand_in()
        return None if asked is None else await self._services.github.role_of(asked, caller.actor)

    async def _choose_stand_in(self) -> Repository | None:
        """Return what is asked about in place of a name of nothing."""
        known = self._stand_ins.get("one") or await self._services.github.any_repository()
        if known is not None:
            self._stand_ins["one"] = known
        return known

    async def _refusal(self, caller: Caller, full_name: str, action: str) -> Problem:
        """Audit the refusal of a repository; return what to say."""
        decision = may(caller.actor, None, "read", ())
        where = {"repository": full_name, "actor": caller.actor.login, "delivery": caller.token.id}
        await self._services.store.run(
            lambda connection: audit.record(connection, action, allowed=False, reason=decision.reason, **where)
        )
        return Problem(decision.reason, status=403)


def repository_of(task: Task) -> Repository:
    """Return the repository that a task was asked for."""
    return Request.model_validate(task.argument).repository


def _includes_read(role: Role | None) -> bool:
    return role is not None and role.at_least("read")
