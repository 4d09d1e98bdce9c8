"""Read stored signals, and make incidents of them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, get_args

import structlog
from pydantic_core import from_json

from bot.deployments.telling import keep
from bot.doors.webhook.parts import read_number, read_text
from bot.doors.webhook.router import Event, Router
from bot.incidents.intake import take
from bot.signals.fields import Arrival
from bot.signals.figures import read_figures
from bot.signals.reading import READERS
from bot.signals.records import Signal
from bot.store import audit, sources
from bot.store.sources import Source
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
    text = read_text(event.payload, "body")
    signals = await asyncio.to_thread(read_signals, source.kind, text, arrival)
    log.info("signals read", source=source.id, kind=source.kind, signals=len(signals))
    if source.kind == "own":  # before its alerts, whose incidents show them
        await _keep_figures(services, source, await asyncio.to_thread(_parse, text), arrival)
    await take(services, source.repository, signals)


async def _keep_figures(services: Services, source: Source, body: dict[str, Any], arrival: Arrival) -> None:
    """Keep the figures of a body; the trail says why some are not taken."""
    told, problems = read_figures(body, arrival.received)
    if told:
        await services.store.run(partial(keep, repository=source.repository.id, told=told))
    if problems:
        reason = problems[0] if len(problems) == 1 else f"{problems[0]} ({len(problems)} in all)"
        where = {"repository": source.repository.full_name, "delivery": arrival.delivery, "actor": source.id}
        await services.store.run(audit.record, "figures", allowed=False, reason=reason, **where)


def read_signals(kind: SourceKind, text: str, arrival: Arrival) -> tuple[Signal, ...]:
    """Return what a body says; nothing where it is no object of JSON."""
    return READERS[kind](body, arrival) if (body := _parse(text)) else ()


def _parse(text: str) -> dict[str, Any]:
    """Return the object of a body, an empty one where it is none."""
    try:
        body = from_json(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
