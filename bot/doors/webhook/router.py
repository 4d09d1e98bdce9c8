"""Route an event to its handlers.

After gidgethub's router, but every handler of an event runs, in a known order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic_core import from_json

from bot.types import Actor, ForgehandError, Repository

C = TypeVar("C")
H = TypeVar("H", bound=Callable[..., Awaitable[None]])


class DeliveryRefused(ForgehandError):
    """A delivery that can never be handled, however often it is retried."""


@dataclass(frozen=True)
class Event:
    """One verified delivery.

    The payload is not trusted: the accessors return None where it is malformed.
    """

    guid: str
    name: str
    action: str | None
    payload: dict[str, Any]

    @classmethod
    def parse(cls, guid: str, name: str, body: bytes) -> Event:
        """Parse verified bytes; :class:`DeliveryRefused` for no JSON object."""
        try:
            payload = from_json(body)
        except ValueError:
            raise DeliveryRefused("The body is not JSON.") from None
        if not isinstance(payload, dict):
            raise DeliveryRefused("The body is JSON, but not an object.")
        action = payload.get("action")
        return cls(guid, name, action if isinstance(action, str) else None, payload)

    @property
    def installation(self) -> int | None:
        """Return the installation's id."""
        return _id(_dict(self.payload, "installation"))

    @property
    def number(self) -> int | None:
        """Return the issue's or pull request's number."""
        value = (_dict(self.payload, "issue") or _dict(self.payload, "pull_request")).get("number")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def repository(self) -> Repository | None:
        """Return the repository, if the payload names one.

        Returns None as well where the installation that reaches it is missing.
        """
        data = _dict(self.payload, "repository")
        installation = self.installation
        identity = _id(data)
        name = data.get("name")
        owner = _dict(data, "owner").get("login")
        if identity is None or installation is None or not _is_text(name) or not _is_text(owner):
            return None
        branch = data.get("default_branch")
        return Repository(
            id=identity,
            owner=str(owner),
            name=str(name),
            installation=installation,
            default_branch=str(branch) if _is_text(branch) else "main",
            private=data.get("private") is not False,
        )

    def sender(self) -> Actor | None:
        """Return the account that caused the event."""
        data = _dict(self.payload, "sender")
        identity = _id(data)
        login = data.get("login")
        kind = data.get("type")
        if identity is None or not _is_text(login):
            return None
        return Actor(login=str(login), id=identity, type=str(kind) if _is_text(kind) else "User")


Handler = Callable[[Event, C], Awaitable[None]]


class Router(Generic[C]):
    """A router of handlers by event and, optionally, by action.

    ``C`` is the type of the context that handlers get beside the event.
    """

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
        """Return the handlers of an event in the order they run.

        Handlers for any action come first, each in the order of registration.
        """
        found = list(self._routes.get((event, None), ()))
        if action is not None:
            found += self._routes.get((event, action), ())
        return tuple(dict.fromkeys(found))


def _dict(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _id(data: dict[str, Any]) -> int | None:
    value = data.get("id")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""
