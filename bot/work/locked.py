"""Skip posting in a locked conversation, where an App may not post.

https://docs.github.com/en/communities/moderating-comments-and-conversations/locking-conversations
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot.github.api.errors import Locked

log = structlog.get_logger(__name__)


@contextmanager
def unless_locked(action: str) -> Iterator[None]:
    """Skip posting in a locked conversation: a lock must fail no task."""
    try:
        yield
    except Locked as error:
        log.warning("not said", action=action, reason=error.message)
