"""Speak in a conversation that may be locked, where an App may not.

https://docs.github.com/en/communities/moderating-comments-and-conversations/locking-conversations
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.github.api.errors import Forbidden, Invalid

log = structlog.get_logger(__name__)


@contextmanager
def unless_locked(action: str) -> Iterator[None]:
    """Leave out what GitHub forbids to say: no work fails because nobody may be told of it."""
    try:
        yield
    except (Forbidden, Invalid) as error:
        # A review of a locked pull request is a 422 with these words, everything else a 403.
        if isinstance(error, Invalid) and "lock prevents review" not in error.errors:
            raise
        log.warning("not said", action=action, reason=error.message)
