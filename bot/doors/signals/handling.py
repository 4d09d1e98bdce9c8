"""Read stored signals, and make incidents of them."""

from __future__ import annotations

import asyncio
from typing import get_args

import structlog
from pydantic_core import from_json

from bot.doors.webhook.parts import read_number, read_text
from bot.doors.webhook.router import Event, Router
from bot.incidents.intake import take
from bot.signals.fields import Arrival
from bot.signals.reading import READERS
from bot.signals.records import Signal
from bot.store import sources
from bot.types import SourceKind
from bot.work.services import Services

log = structlog.get_logger(__name__)


def signal_router() -> Router[Services]:
    """Return the router of stored signals."""
    router: Router[Services] = Router()
    for kind in get_args(SourceKind):
        router.on(f"signal.{kind}")(handle)
    return router


async def handle(event: Event, services: Services) -> None:
    """Read a delivery; a source that was removed meanwhile is not heard."""
    received = read_number(event.payload, "received") or 0
    source = await services.store.run(sources.hear, read_text(event.payload, "source"), received)
    if source is None:
        log.info("signal of a removed source")
        return
    arrival = Arrival(source.name, event.guid, received)
    # a thousand alerts take their time
    signals = await asyncio.to_thread(read_signals, source.kind, read_text(event.payload, "body"), arrival)
    log.info("signals read", source=source.id, kind=source.kind, signals=len(signals))
    await take(services, source.repository, signals)


def read_signals(kind: SourceKind, text: str, arrival: Arrival) -> tuple[Signal, ...]:
    """Return what a body says; nothing where it is no object of JSON."""
    try:
        body = from_json(text)
    except ValueError:
        return ()
    return READERS[kind](body, arrival) if isinstance(body, dict) else ()
