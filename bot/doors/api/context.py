"""What the operations work with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.dispatch.registry import Registry
from bot.doors.api.gate import Gate
from bot.work.services import Services


@dataclass(frozen=True)
class Context:
    """The parts that every operation may use.

    ``document`` renders the OpenAPI document as JSON, ``streams`` counts the open ones by caller. ``closing`` is set
    when the server stops.
    """

    services: Services
    registry: Registry
    gate: Gate
    document: Callable[[], bytes] = bytes  # none where no operation is served
    streams: Counter[str] = field(default_factory=Counter)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
