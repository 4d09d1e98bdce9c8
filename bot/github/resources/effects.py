"""Make writes happen once though their answer may get lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.github.api.errors import GitHubDown
from bot.types import T

_TRIES = 3


async def once(find: Callable[[], Awaitable[T | None]], make: Callable[[], Awaitable[T]]) -> T:
    """Make something unless it is there already.

    After an unanswered try, look before trying again: GitHub answers 502 both before and after the effect, and has no
    idempotency key.
    """
    for attempt in range(1, _TRIES + 1):
        found = await find()
        if found is not None:
            return found
        try:
            return await make()
        except GitHubDown:
            if attempt == _TRIES:
                raise
    raise AssertionError("the last try returns or raises")
