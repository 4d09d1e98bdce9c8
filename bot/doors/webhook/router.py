"""Route an event to all of its handlers, in a known order."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic_core import from_json

from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.types import Actor, ForgehandError, Repository

C = TypeVar("C")
H = TypeVar("H", bound=Callable[..., Awaitable[None]])


class DeliveryRefused(ForgehandError):
    """A delivery that can never be handled, however often it is retried."""


@dataclass(frozen=True)
class Event:
    """One verified delivery; accessors give None for what is malformed."""

    guid: str
    name: str
    action: str | None
    payload: dict[str, Any]
    read_at: float = field(default_factory=time.monotonic, compare=False)  # the moment, by the steady clock

    @classmethod
    def parse(cls, guid: str, name: str, body: bytes) -> Event:
        """Parse verified bytes; :class:`DeliveryRefused` for no JSON object."""
        try:
            payload = from_json(body, cache_strings="keys")
        except ValueError:
            raise DeliveryRefused("The body is not JSON.") from None
        if not isinstance(payload, dict):
            raise DeliveryRefused("The body is JSON, but not an object.")
        action = payload.get("action")
        return cls(guid, name, action if isinstance(action, str) else None, payload)

    @property
    def installation(self) -> int | None:
        """Return the installation's id."""
        return read_number(read_part(self.payload, "installation"), "id")

    @property
    def number(self) -> int | None:
        """Return the issue's or pull request's number."""
        subject = read_part(self.payload, "issue") or read_part(self.payload, "pull_request")
        return read_number(subject, "number", largest=2**31 - 1)

    def repository(self) -> Repository | None:
        """Return the repository, if the payload names it and its installation."""
        data = read_part(self.payload, "repository")
        installation = self.installation
        identity = read_number(data, "id")
        name = read_text(data, "name")
        owner = read_text(read_part(data, "owner"), "login")
        if identity is None or installation is None or not name or not owner:
            return None
        return Repository(
            id=identity,
            owner=owner,
            name=name,
            installation=installation,
            default_branch=read_text(data, "default_branch") or "main",
            private=data.get("private") is not False,
        )

    def sender(self) -> Actor | None:
        """Return the account that caused the event."""
        data = read_part(self.payload, "sender")
        identity = read_number(data, "id")
        login = read_text(data, "login")
        if identity is None or not login:
            return None
        return Actor(login=login, id=identity, type=read_text(data, "type") or "User")


Handler = Callable[[Event, C], Awaitable[None]]


class Router(Generic[C]):
    """A router by event and, optionally, action; ``C`` is handlers' context."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str | None], list[Handler[C]]] = {}

    @classmethod
    def merged(cls, *routers: Router[C]) -> Router[C]:
        """Merge the routes of ``routers``, in their order."""
        merged = cls()
        for router in routers:
            for key, handlers in router._routes.items():
                merged._routes.setdefault(key, []).extend(handlers)
        return merged

    def on(self, event: str, action: str | None = None) -> Callable[[H], H]:
        """Decorate a handler for ``event``, with that ``action`` or with any."""

        def register(handler: H) -> H:
            self._routes.setdefault((event, action), []).append(handler)
            return handler

        return register

    def handlers(self, event: str, action: str | None) -> tuple[Handler[C], ...]:
        """List an event's handlers in order: those for any action first."""
        found = list(self._routes.get((event, None), ()))
        if action is not None:
            found += self._routes.get((event, action), ())
        return tuple(dict.fromkeys(found))
