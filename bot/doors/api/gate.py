"""Decide what a caller's account may see and start, by asking GitHub.

An unknown repository, one the App is not installed on and one the account cannot read are refused in the same words and
after the same questions to GitHub: a token is no way to find out what exists, nor is a clock.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from cachetools import TTLCache

from bot.dispatch.authorise import authorise, identify, record
from bot.doors.api.callers import Caller
from bot.doors.api.problems import Problem
from bot.github.api.errors import Forbidden, NotFound, Transferred
from bot.github.api.scopes import READ
from bot.github.resources import pulls
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
        self._lookups: TTLCache[str, asyncio.Task[Repository | None]] = TTLCache(_MOST, ttl=_READ_SECONDS)
        self._stand_ins: TTLCache[str, Repository] = TTLCache(1, ttl=_STAND_IN_SECONDS)

    async def admit(self, caller: Caller, full_name: str, action: str) -> Admission:
        """Find a repository that the caller may read, with its role now.

        Raises :class:`Problem` (403), after an audit row about ``action``.
        """
        return await self.admit_to(await self._find(full_name), caller, full_name, action)

    async def admit_to(self, repository: Repository | None, caller: Caller, full_name: str, action: str) -> Admission:
        """Admit the caller to what was found by a name, as :meth:`admit` does."""
        role = await self._ask_role(caller, repository)
        if repository is None or not caller.reaches(repository):
            raise await self._refusal(caller, full_name, action)
        if not self._may_read(caller, role):
            raise await self._refusal(caller, full_name, action, "actor_id")
        if caller.pull is not None and await self._is_foreign(repository, caller.pull):
            raise await self._refusal(caller, full_name, action, "ref")
        return Admission(repository, caller.principal.model_copy(update={"role": role}))

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
        if caller.seen is not None:
            known = caller.seen.get(full_name.casefold())
            return None if known is None else known.repository
        # From who administers nothing is hidden; to others a clock would tell what was found before.
        repository = await (self._look_up(full_name) if caller.administers else self._find(full_name))
        if not caller.holds("admin"):
            key = (full_name.casefold(), 0 if repository is None else repository.id, caller.actor.id)
            if key not in self._roles:
                self._roles[key] = await self._ask_role(caller, repository)
            if not self._may_read(caller, self._roles[key]):
                return None
        return repository if repository is not None and caller.reaches(repository) else None

    async def list_readable(self, caller: Caller, what: str) -> list[Repository] | None:
        """List the repositories that the caller may read about, None for all.

        Raises :class:`Problem` (403) where they are too many to ask about; ``what`` is wanted of them.
        """
        if caller.seen is not None:
            return [each.repository for each in caller.seen.values()]
        if caller.repositories is not None:
            found = await asyncio.gather(*(self.find(caller, each.full_name) for each in caller.repositories))
            return [each for each in found if each is not None]
        if not caller.holds("admin"):
            raise Problem(f"Name the repository whose {what} you want (`repository`).", status=403)
        return None

    async def reads(self, caller: Caller, repository: Repository) -> bool:
        """Return True if the caller may read a repository's tasks.

        Not even an account that may is told of a repository that the App was taken off: no token for it can be had.
        """
        if caller.seen is not None:
            return caller.sees(repository)
        if caller.holds("admin") or not caller.reaches(repository):
            return caller.reaches(repository)
        key = ("", repository.id, caller.actor.id)
        if key not in self._roles:
            try:
                self._roles[key] = (await identify(self._services, repository, caller.actor)).role
            except (Forbidden, NotFound):
                self._roles[key] = None
        return self._may_read(caller, self._roles[key])

    async def check_reader(self, caller: Caller, task_id: str, task: Task | None) -> Task:
        """Return the task with this id if the caller may read it.

        Raises :class:`Problem` (404): whoever may not read it is not told that it exists.
        """
        repository = None if task is None else repository_of(task)
        if not caller.holds("admin") and not await self._may_read_task(caller, task_id, repository):
            task = None
        if task is None or not await self.reads(caller, repository_of(task)):
            raise Problem("There is no such task, or you may not read its repository.", status=404)
        return task

    async def _may_read_task(self, caller: Caller, task_id: str, repository: Repository | None) -> bool:
        """Ask for the caller's role, also about an id of nothing.

        Whoever reads a repository's tasks is asked about once for all of them.
        """
        if caller.seen is not None:
            return repository is not None and caller.sees(repository)
        known = None if repository is None else self._roles.get(("", repository.id, caller.actor.id))
        if known is None:
            key = (task_id, 0, caller.actor.id)
            if key not in self._roles:
                stand_in = await self._choose_stand_in()  # now and then this is a question too
                self._roles[key] = await self._ask_role(caller, repository or stand_in)
            known = self._roles[key]
        return self._may_read(caller, known)

    async def decide(self, caller: Caller, name: str, admission: Admission, policy: Policy, action: str) -> None:
        """Authorise a command on a repository, and audit the decision.

        Raises :class:`Problem` (403) with the decision's sentence.
        """
        trusted = self._services.settings.trusted_bots
        decision = authorise(admission.principal, name, caller.door, policy, trusted)
        await record(self._services, caller.id, admission.repository, caller.actor, action, decision)
        if not decision.allowed:
            raise Problem(decision.reason, status=403, errors=caller.blame("actor_id", decision.reason))

    async def _find(self, full_name: str) -> Repository | None:
        """Find a repository; where there is none, as much is asked about another."""
        stand_in = await self._choose_stand_in()
        repository = await self._services.github.find_repository(full_name)
        if repository is None and stand_in is not None:
            await self._services.github.find_again(stand_in)
        return repository

    async def _look_up(self, full_name: str) -> Repository | None:
        """Find a repository, or say what was found within half a minute.

        All who ask at once share one look.
        """
        name = full_name.casefold()
        known = self._lookups.get(name)
        if known is None or (known.done() and (known.cancelled() or known.exception() or known.result() is None)):
            known = self._lookups[name] = asyncio.ensure_future(self._find(full_name))
        return await asyncio.shield(known)

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

    def _may_read(self, caller: Caller, role: Role | None) -> bool:
        return may(caller.actor, role, "read", self._services.settings.trusted_bots).allowed

    async def _is_foreign(self, repository: Repository, number: int) -> bool:
        """Return True unless a pull request's code is the repository's own."""
        github = await self._services.github.for_repository(repository, READ)
        try:
            return (await pulls.get_pull(github, repository, number)).from_fork(repository)
        except (NotFound, Transferred):
            return True

    async def _refusal(self, caller: Caller, full_name: str, action: str, claim: str = "repository_id") -> Problem:
        """Audit the refusal of a repository; return what to say."""
        reason = may(caller.actor, None, "read", ()).reason
        if caller.door == "action":
            reason = f"The token's `{claim}` is refused. {_explain(caller, full_name, claim)}"
        where = {"repository": full_name, "actor": caller.actor.login, "delivery": caller.id}
        await self._services.store.run(
            lambda connection: audit.record(connection, action, allowed=False, reason=reason, **where)
        )
        return Problem(reason, status=403, errors=caller.blame(claim, reason))


def _explain(caller: Caller, full_name: str, claim: str) -> str:
    """Tell a run why it may not use a repository: its own it knows anyway."""
    if claim == "actor_id":
        return f"@{caller.actor.login}, who set the run off, cannot read {full_name}, or is a bot that is not trusted."
    if claim == "ref":
        return "The run has the code of a pull request from a fork; set a label or write a command there instead."
    own = " ".join(each.full_name for each in caller.repositories or ())
    return f"The run is of {own}: that is all it may use, and only where the App is installed."


def repository_of(task: Task) -> Repository:
    """Return the repository that a task was asked for."""
    return Request.model_validate(task.argument).repository
