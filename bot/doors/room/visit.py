"""Hand a page what it works with: who asks, what was sent, and the operations of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import structlog
from aiohttp import web
from cachetools import LRUCache

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.intake import read_texts
from bot.doors.api.operation import Operation, Run, Sent, field_kinds
from bot.doors.api.problems import Problem
from bot.doors.room.forms import read_posted
from bot.doors.room.freshness import Freshness
from bot.doors.room.oauth import TOKEN_SECONDS, GitHubSignIn
from bot.doors.room.person import Signed
from bot.sealing.port import SealError
from bot.store import sessions
from bot.store.sessions import Session

_SHARED = 16
S = TypeVar("S", bound=Sent)
T = TypeVar("T")
log = structlog.get_logger(__name__)


class Desk:
    """The operations of the API, and what signs people in."""

    def __init__(self, context: Context, github: GitHubSignIn) -> None:
        self.context = context
        self.github = github
        self.freshness = Freshness(context.services)
        self._shared: LRUCache[Hashable, asyncio.Future[Any]] = LRUCache(_SHARED)

    async def end(self, session: Session) -> None:
        """End a session here, and have GitHub forget its token."""
        await self.context.services.store.run(sessions.end, session.id)
        try:
            token = await self.freshness.open(session)
        except SealError as error:
            log.warning("a token of GitHub was not revoked; it ends by itself", reason=error.message)
            return
        if token is not None and not await self.github.revoke(token):
            log.warning("GitHub did not revoke a token; it ends by itself", hours=TOKEN_SECONDS // 3600)

    async def share(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> T:
        """Load something once for all who want the same at the same time."""
        known = self._shared.get(key)
        if known is None or (known.done() and (known.cancelled() or known.exception() is not None)):
            known = self._shared[key] = asyncio.ensure_future(load())
        loaded: T = await asyncio.shield(known)
        return loaded

    @cached_property
    def by_run(self) -> Mapping[Run, Operation]:
        """Return all operations by their functions."""
        return {operation.run: operation for operation in self.context.operations}

    @cached_property
    def by_name(self) -> Mapping[str, Operation]:
        """Return all operations by their names."""
        return {operation.name: operation for operation in self.context.operations}


@dataclass(frozen=True)
class Visit:
    """A request for a page."""

    desk: Desk
    request: web.Request
    signed: Signed | None

    @property
    def context(self) -> Context:
        """Return what operations work with."""
        return self.desk.context

    @property
    def caller(self) -> Caller:
        """Return who asks; the page is for people who are signed in."""
        assert self.signed is not None, "a page that everybody may see asked who it is"
        return self.signed.caller

    @property
    def is_administrator(self) -> bool:
        """Return True if an administrator of this instance asks."""
        return self.signed is not None and self.signed.caller.administers

    @property
    def names(self) -> tuple[str, ...] | None:
        """Return the names of the repositories one may read, None for all."""
        seen = self.caller.seen
        return None if seen is None else tuple(one.repository.full_name for one in seen.values())

    def part(self, name: str) -> str:
        """Return a part of the path by its name in the page's template."""
        return self.request.match_info[name]

    async def ask(self, run: Callable[..., Awaitable[T]], **given: Any) -> T:
        """Do an operation of the API, given by its function.

        ``given`` are its parameters beside context and caller. Raises :class:`Problem`.
        """
        answer: T = await self.perform(self.desk.by_run[run], **given)
        return answer

    async def perform(self, operation: Operation, **given: Any) -> Any:
        """Do an operation of the API, such as one of ``desk.by_name``.

        Raises :class:`Problem`.
        """
        if operation.scope is not None:
            self.caller.check_scope(operation.scope, administrators=operation.administrators)
        known = {"context": self.context, "caller": self.signed and self.signed.caller, **given}
        return await operation.run(**{name: known[name] for name in operation.wants})

    def read_query(self, model: type[S]) -> S:
        """Return what the address asks for; what is empty is left out.

        Raises :class:`Problem` (400).
        """
        return read_texts(model, {name: text for name, text in self.request.query.items() if text}, "query")

    async def read_form(self, model: type[S]) -> S:
        """Return what a form says; what is empty is left out.

        Raises :class:`Problem` (400).
        """
        form = await read_posted(self.request)
        kinds = field_kinds(model)
        texts: dict[str, str | list[str]] = {}
        for name in dict.fromkeys(form):
            values = [value for value in form.getall(name) if isinstance(value, str) and value]
            if "array" in kinds.get(name, frozenset()):
                texts[name] = values
            elif len(values) > 1:
                raise Problem(f"The form says {name[:80]} twice.", status=400)
            elif values:
                texts[name] = values[0].replace("\r\n", "\n").replace("\x00", "")
        return read_texts(model, texts, "form")
