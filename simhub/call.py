"""Present a REST request to its handler, and keep the table of handlers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from simhub.actor import Actor, has_role
from simhub.errors import LOCKING, ApiError, moved, not_found, not_supplied, wrong_type
from simhub.gitrepo import GitRepo
from simhub.model import Account, Issue, Pull, Repository
from simhub.state import State

T = TypeVar("T")
BODY_LIMIT = 65536


@dataclass
class Answer:
    """An answer that is not simply 200 with JSON. ``body`` may be bytes; then ``content_type`` says of what."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass
class Call:
    hub: State
    actor: Actor
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    accept: str = ""
    payload: Any = None
    repository: Repository | None = None
    links: str = ""

    @property
    def repo(self) -> Repository:
        if self.repository is None:
            raise not_found()
        return self.repository

    @property
    def git(self) -> GitRepo:
        return GitRepo(self.repo.path)

    @property
    def user(self) -> Account:
        return self.actor.user

    @property
    def body(self) -> dict[str, Any]:
        if self.payload is None:
            return {}
        if not isinstance(self.payload, dict):
            raise ApiError(400, "Body should be a JSON object")
        return self.payload

    def text(self, key: str, default: str | None = None, required: bool = False) -> str | None:
        """Return a string of the body.

        A missing or null required one is refused with 422.
        """
        value = self.body.get(key, default)
        if required and key not in self.body:
            raise not_supplied(key)
        if value is None and not required:
            return default
        if not isinstance(value, str):
            raise wrong_type(key, value, "a string")
        return value

    def required(self, key: str) -> str:
        return self.text(key, required=True) or ""

    def strings(self, key: str) -> list[str]:
        value = self.body.get(key, [])
        if not isinstance(value, list) or any(not isinstance(item, str) for item in value):
            raise wrong_type(key, value, "an array of strings")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.body.get(key, default)
        if not isinstance(value, bool):
            raise wrong_type(key, value, "a boolean")
        return value

    def number(self, name: str = "number") -> int:
        return int(self.params[name])

    def issue(self) -> Issue:
        number = self.number()
        found = self.repo.issues.get(number)
        if found is not None:
            return found
        gone = self.repo.transferred.get(number)
        if gone is not None and self.actor.sees(gone.repository):
            raise self._transferred(gone)
        if number in self.repo.deleted:
            raise ApiError(410, "This issue was deleted")
        raise not_found()

    def _transferred(self, issue: Issue) -> ApiError:
        """Return the redirect to where an issue is now, as for a renamed repository."""
        tail = self.path.split("/", 6)[6:]
        target = [f"{self.hub.api_url}/repositories/{issue.repository.id}/issues/{issue.number}", *tail]
        return moved(self.method, "/".join(target), self.query)

    def check_lock(self, issue: Issue, error: ApiError | None = None) -> None:
        """Refuse to add to a locked conversation; only people with write access may, and an App is none.

        https://docs.github.com/en/communities/moderating-comments-and-conversations/locking-conversations
        """
        free = self.actor.kind == "user" and has_role(issue.repository, self.user, "write")
        if issue.locked and not free:
            raise error or ApiError(403, "Unable to create comment because issue is locked.", docs=LOCKING)

    def pull(self) -> Pull:
        pull = self.issue().pull
        if pull is None:
            raise not_found()
        return pull

    def page(self, items: Sequence[T], limit: int = 100) -> Sequence[T]:
        """Return the slice that ``page`` and ``per_page`` ask for.

        The Link header follows from it.
        """
        size = min(max(_integer(self.query.get("per_page"), 30), 1), limit)
        number = max(_integer(self.query.get("page"), 1), 1)
        last = max(1, -(-len(items) // size))
        self.links = ", ".join(
            f'<{self.hub.api_url}{self.path}?{urlencode({**self.query, "page": target})}>; rel="{name}"'
            for name, target in _targets(number, last)
        )
        return items[(number - 1) * size : number * size]


def _targets(number: int, last: int) -> list[tuple[str, int]]:
    targets = []
    if number > 1:
        targets.append(("prev", min(number - 1, last)))
    if number < last:
        targets += [("next", number + 1), ("last", last)]
    if number > 1:
        targets.append(("first", 1))
    return targets


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Route:
    """``needs`` lists alternatives of App permissions, each ``name:level``, joined by ``|``; empty for none.

    ``role`` is what a person needs in the repository; ``auth`` is any, token (person or installation), jwt or client
    (the App's secret).
    """

    method: str
    template: str
    handler: Handler
    needs: str
    role: str
    auth: str
    pattern: re.Pattern[str]

    def accepted(self) -> str:
        return "; ".join(need.replace(":", "=") for need in self.needs.split("|")) if self.needs else ""


class Routes:
    """The REST table: modules enter their handlers, the dispatcher finds them."""

    def __init__(self) -> None:
        self.table: list[Route] = []

    def add(
        self, methods: str, template: str, needs: str = "", role: str = "", auth: str = "any"
    ) -> Callable[[Handler], Handler]:
        def enter(handler: Handler) -> Handler:
            for method in methods.split():
                wanted = role or ("read" if method == "GET" else "write")
                self.table.append(Route(method, template, handler, needs, wanted, auth, _compile(template)))
            self.table.sort(key=lambda route: _specificity(route.template))
            return handler

        return enter

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        for route in self.table:
            if route.method == method and (match := route.pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def _specificity(template: str) -> tuple[int, int]:
    """Templates that swallow the rest of a path come last, those with more fixed text first."""
    return template.count("*"), -len(re.sub(r"\{\w+\*?\}", "", template))


def _compile(template: str) -> re.Pattern[str]:
    """``{name}`` matches one segment (``{number}`` and ``{id}`` digits), ``{name*}`` the rest of the path."""
    parts = re.split(r"(\{\w+\*?\})", template)
    return re.compile("".join(_part(part) for part in parts))


def _part(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    if part.endswith("*}"):
        return f"(?P<{part[1:-2]}>.*)"
    return f"(?P<{part[1:-1]}>{r'[0-9]+' if part in ('{number}', '{id}') else '[^/]+'})"


routes = Routes()
