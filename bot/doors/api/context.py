"""What the operations work with."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from bot.checkup import Line
from bot.dispatch.registry import Registry
from bot.doors.api.gate import Gate
from bot.doors.api.operation import Operation
from bot.doors.handlers import Handlers
from bot.doors.webhook.endpoint import Accept
from bot.store.feed import Feed
from bot.work.services import Services

Examine = Callable[[], AsyncIterator[Line]]


async def find_nothing() -> AsyncIterator[Line]:
    """Examine nothing, where no operation is served."""
    nothing: tuple[Line, ...] = ()
    for line in nothing:
        yield line


@dataclass(frozen=True)
class Deliveries:
    """The handlers of deliveries, and what takes one."""

    handlers: Handlers
    accept: Accept


@dataclass(frozen=True)
class Context:
    """The parts that every operation may use.

    ``feed`` tells of new events, ``operations`` are all that are served, ``document`` renders their OpenAPI document as
    JSON, ``examine`` runs the doctor, ``streams`` counts the open ones by caller. ``deliveries`` is None where none are
    taken.
    """

    services: Services
    registry: Registry
    gate: Gate
    feed: Feed
    operations: Sequence[Operation] = ()
    document: Callable[[], bytes] = bytes  # none where no operation is served
    examine: Examine = find_nothing
    streams: Counter[str] = field(default_factory=Counter)
    deliveries: Deliveries | None = None
