"""Rate limits: the hourly budget and its headers; both secondary limits."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

from simhub.actor import Actor
from simhub.errors import ApiError
from simhub.model import Account, Installation, World

_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
_DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"


@dataclass
class _Window:
    used: int = 0
    reset: float = 0.0


@dataclass
class Limits:
    """Budgets of one hour per installation, person or address, and the secondary limits of installations.

    ``style`` picks one of the shapes a secondary refusal has in the wild: ``retry-after`` (403), ``reset`` (429 with
    remaining 0 and a reset time), ``silent`` (403 without any hint), ``abuse`` (422 with code ``abuse``). ``objects``
    is how many one GraphQL query may have; those beyond are null.
    """

    world: World
    core: int = 5000
    graphql: int = 5000
    anonymous: int = 60
    points_per_minute: int = 900
    graphql_points_per_minute: int = 2000
    content_per_minute: int = 80
    content_per_hour: int = 500
    concurrent: int = 100
    objects: int = 10_000
    style: str = "retry-after"
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)
    _points: dict[tuple[str, str], deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    _content: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _running: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def lift(self) -> None:
        """No limit will be reached any more (for load tests)."""
        self.core = self.graphql = self.anonymous = 10**9
        self.points_per_minute = self.graphql_points_per_minute = 10**9
        self.content_per_minute = self.content_per_hour = self.concurrent = 10**9

    def exhaust(self, owner: Installation | Account, resource: str = "core") -> None:
        """Use up the hourly budget of an installation or a person."""
        key = f"installation/{owner.id}" if isinstance(owner, Installation) else owner.login.lower()
        self._window(key, resource).used = self._limit(resource, key)

    def headers(self, actor: Actor, resource: str) -> dict[str, str]:
        owner = _owner(actor)
        window = self._window(owner, resource)
        limit = self._limit(resource, owner)
        used = min(window.used, limit)
        values = {"Limit": limit, "Remaining": limit - used, "Reset": int(window.reset), "Used": used}
        return {f"X-RateLimit-{name}": str(value) for name, value in values.items()} | {
            "X-RateLimit-Resource": resource
        }

    def spend(self, actor: Actor, resource: str) -> None:
        """Count one request on the hourly budget; refuse it with 403 when nothing is left."""
        owner = _owner(actor)
        window = self._window(owner, resource)
        if window.used >= self._limit(resource, owner):
            raise ApiError(403, f"API rate limit exceeded for {_who(actor)}.", docs=_DOCS)
        window.used += 1

    def refund(self, actor: Actor, resource: str) -> None:
        """Refund a 304, which is free."""
        self._window(_owner(actor), resource).used -= 1

    def enter(self, actor: Actor, resource: str, points: int, content: bool) -> None:
        """Check the secondary limits of an installation: concurrency, points a minute, content creation."""
        if actor.kind != "installation":
            return
        owner = _owner(actor)
        now = self.world.clock()
        points_seen, content_seen = self._points[owner, resource], self._content[owner]
        while points_seen and points_seen[0][0] < now - 60:
            points_seen.popleft()
        while content_seen and content_seen[0] < now - 3600:
            content_seen.popleft()
        most = self.graphql_points_per_minute if resource == "graphql" else self.points_per_minute
        over = self._running[owner] >= self.concurrent or sum(p for _, p in points_seen) >= most
        if content:
            last_minute = sum(1 for at in content_seen if at >= now - 60)
            over = over or last_minute >= self.content_per_minute or len(content_seen) >= self.content_per_hour
        if over:
            raise self.secondary()
        points_seen.append((now, points))
        if content:
            content_seen.append(now)

    def begin(self, actor: Actor) -> None:
        self._running[_owner(actor)] += 1

    def end(self, actor: Actor) -> None:
        self._running[_owner(actor)] -= 1

    def secondary(self) -> ApiError:
        if self.style == "reset":
            reset = str(int(self.world.clock()) + 60)
            return ApiError(
                429, _SECONDARY, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, docs=_DOCS
            )
        if self.style == "abuse":
            error = {"resource": "PullRequestReviewComment", "code": "abuse", "field": "base"}
            return ApiError(422, "Validation Failed", [error], docs=_DOCS)
        headers = {"Retry-After": "60"} if self.style == "retry-after" else {}
        return ApiError(403, _SECONDARY, headers=headers, docs=f"{_DOCS}#about-secondary-rate-limits")

    def _limit(self, resource: str, owner: str) -> int:
        if resource == "graphql":
            return self.graphql
        return self.anonymous if owner == "anonymous" else self.core

    def _window(self, owner: str, resource: str) -> _Window:
        now = self.world.clock()
        window = self._windows.setdefault((owner, resource), _Window(0, now + 3600))
        if window.reset <= now:
            window.used, window.reset = 0, now + 3600
        return window


def _owner(actor: Actor) -> str:
    if actor.installation:
        return f"installation/{actor.installation.id}"
    if actor.account:
        return actor.account.login.lower()
    return f"app/{actor.app.id}" if actor.app else "anonymous"


def _who(actor: Actor) -> str:
    if actor.installation:
        return f"installation ID {actor.installation.id}"
    return f"user ID {actor.account.id}" if actor.account else "127.0.0.1"
