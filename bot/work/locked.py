"""Speak in a conversation that may be locked, where an App may not.

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
    """Leave out what a lock forbids to say.

    No work fails because nobody may be told of it.

    Any other refusal is raised: whoever waits is told of it elsewhere.
    """
    try:
        yield
    except Locked as error:
        log.warning("not said", action=action, reason=error.message)
