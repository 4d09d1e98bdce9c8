"""Look which sources may send signals, and whether their secrets can be read."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.checkup import Line
from bot.sealing.local import LocalMaster
from bot.sealing.masters import find_master
from bot.sealing.port import SealError
from bot.sealing.sealer import Sealer
from bot.settings import Settings
from bot.store import sources
from bot.store.database import StoreError, create_engine, now_ms
from bot.store.sources import Source
from bot.store.store import Store

_SUBJECT = "Signals"
_SILENT_MS = 30 * 24 * 3_600_000
_SHOWN = 10


async def check_signals(settings: Settings) -> Line:
    """Say which sources there are, when they were heard, and what is wrong."""
    try:
        listed = await asyncio.to_thread(_list, settings)
    except (StoreError, OSError):
        return Line(level="ok", subject=_SUBJECT, text="Not looked at, since the database cannot be used.")
    if not listed:
        return Line(level="ok", subject=_SUBJECT, text="No source sends signals; `forgehand signals add` adds one.")
    master = LocalMaster.of(settings)
    sealer = Sealer(find_master(settings))
    problems = [problem for one in listed if (problem := await _find_problem(one, sealer))]
    if problems:
        text = f"{'; '.join(problems[:_SHOWN])}. Until then it is answered 503, and senders try again."
        return Line(level="fail", subject=_SUBJECT, text=text)
    doubts = [*_find_doubts(listed), *_look_at_file(master)]
    if doubts:
        return Line(level="warn", subject=_SUBJECT, text="; ".join(doubts[:_SHOWN]) + ".")
    return Line(level="ok", subject=_SUBJECT, text="; ".join(map(_describe, listed[:_SHOWN])) + ".")


def _list(settings: Settings) -> list[Source]:
    store = Store(create_engine(settings.database))
    try:
        store.migrate()
        return store.run_sync(sources.list_live)
    finally:
        store.close()


async def _find_problem(source: Source, sealer: Sealer) -> str:
    try:
        for sealed in source.secrets:
            await sealer.open(sealed, source.place)
    except SealError as error:
        return f"the secret of {source.id} ({source.kind}) cannot be read: {error.message.rstrip('.')}"
    return ""


def _find_doubts(listed: Sequence[Source]) -> list[str]:
    without = [one for one in listed if not one.secrets]
    silent = [one for one in listed if one.secrets and (one.seen or one.created) < now_ms() - _SILENT_MS]
    return [
        *(f"{one.id} ({one.kind}) has no secret yet: `forgehand signals rotate {one.id}` sets it" for one in without),
        *(f"nothing came from {one.id} ({one.kind}) for 30 days: test or remove it" for one in silent),
    ]


def _look_at_file(master: LocalMaster) -> list[str]:
    if master.place != str(master.file) or not master.file.exists():
        return []
    others = stat.S_IMODE(master.file.stat().st_mode) & 0o077
    return [f"{master.file} can be read by others: `chmod 600` it"] if others else []


def _describe(source: Source) -> str:
    if source.seen is None:
        return f"{source.kind} for {source.repository.full_name}, never heard"
    seen = datetime.fromtimestamp(source.seen / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    return f"{source.kind} for {source.repository.full_name}, last heard {seen}"
