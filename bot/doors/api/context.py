"""What the operations work with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.dispatch.registry import Registry
from bot.doors.api.gate import Gate
from bot.store.feed import Feed
from bot.work.services import Services


@dataclass(frozen=True)
class Context:
    """The parts that every operation may use.

    ``feed`` tells of new events, ``document`` renders the OpenAPI document as JSON, ``streams`` counts the open ones by
    caller.
    """

    services: Services
    registry: Registry
    gate: Gate
    feed: Feed
    document: Callable[[], bytes] = bytes  # none where no operation is served
    streams: Counter[str] = field(default_factory=Counter)
