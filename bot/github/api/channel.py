"""Share what belongs to an installation among all its clients, whatever their tokens may do."""

from __future__ import annotations

from typing import Any

from cachetools import LRUCache

from bot.github.api.limiter import Clock, RateLimiter

_CACHED_ANSWERS = 64  # per media type; a page of a list is an answer of its own

Cached = tuple[str | None, str | None, Any, str | None]
"""What gidgethub keeps of an answer: its ETag, its date, its content and the next page."""


class Channel:
    """The rate limiter of an installation, and its answers to revalidate."""

    def __init__(self, clock: Clock) -> None:
        self.limiter = RateLimiter(clock)
        self._answers: dict[str, LRUCache[str, Cached]] = {}

    def answers(self, media_type: str) -> LRUCache[str, Cached]:
        """Return the cache, by URL, of a media type: each has another body."""
        return self._answers.setdefault(media_type, LRUCache(_CACHED_ANSWERS))
