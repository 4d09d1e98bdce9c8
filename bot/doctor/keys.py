"""Look at the kept keys: can they be opened, do they work, how old are they."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress

from bot.checkup import Line
from bot.keys.records import find_fault, find_reminder, rotate
from bot.logs import register_secret
from bot.sealing.masters import describe_master, find_master
from bot.sealing.port import SealError
from bot.sealing.sealer import Sealer
from bot.settings import LOCAL_MASTER, Settings
from bot.store import keys, sealed
from bot.store.database import StoreError, create_engine, now_ms
from bot.store.keys import StoredKey
from bot.store.sealed import Progress
from bot.store.store import Store

_SUBJECT = "Keys"
_SHOWN = 10


async def check_keys(settings: Settings) -> Line:
    """Say which keys are kept, and what is wrong with them."""
    try:
        held, unfinished = await asyncio.to_thread(_read, settings)
    except (StoreError, OSError):
        return Line(level="ok", subject=_SUBJECT, text="Not looked at, since the database cannot be used.")
    live = [key for key in held if key.retired is None]
    problems = [*await _try_master(settings), *await _find_closed(settings, live)]
    if problems:
        return Line(level="fail", subject=_SUBJECT, text=f"{'; '.join(problems[:_SHOWN])}.")
    if not live:
        wrapped = "" if settings.master is None else f" They would be sealed by {describe_master(settings)}."
        return Line(level="ok", subject=_SUBJECT, text=f"None are kept beside those of the settings.{wrapped}")
    doubts = [*_find_faults(live), *map(_describe, unfinished)]
    if doubts:
        return Line(level="warn", subject=_SUBJECT, text=f"{'; '.join(doubts[:_SHOWN])}.")
    told = "; ".join(f"{key.provider} of {key.belongs_to.words} ({key.state})" for key in live[:_SHOWN])
    return Line(level="ok", subject=_SUBJECT, text=f"{told}. Sealed by {describe_master(settings)}.")


def list_providers(settings: Settings) -> frozenset[str]:
    """Return the providers that somebody has a kept key for. Blocks."""
    try:
        return frozenset(key.provider for key in _read(settings)[0] if key.use == "current")
    except (StoreError, OSError):
        return frozenset()


async def open_keys(settings: Settings) -> dict[str, str]:
    """Return the server's own kept keys by provider, of those that open."""
    try:
        held, _ = await asyncio.to_thread(_read, settings)
    except (StoreError, OSError):
        return {}
    sealer = Sealer(find_master(settings))
    opened: dict[str, str] = {}
    for key in held:
        if key.scope == "instance" and key.use == "current" and key.sealed is not None:
            with suppress(SealError):  # told by check_keys
                opened[key.provider] = await sealer.open(key.sealed, key.place)
                register_secret(opened[key.provider])
    return opened


def _read(settings: Settings) -> tuple[list[StoredKey], list[Progress]]:
    store = Store(create_engine(settings.database))
    try:
        store.migrate()
        return store.run_sync(keys.list_all), store.run_sync(sealed.list_unfinished)
    finally:
        store.close()


async def _try_master(settings: Settings) -> list[str]:
    """Say why a master key that is kept elsewhere does not wrap."""
    if settings.masters[0] == LOCAL_MASTER:
        return []  # it is made when the first secret is kept
    try:
        await find_master(settings).wrap(bytes(32))
    except SealError as error:
        return [error.message.rstrip(".")]
    return []


async def _find_closed(settings: Settings, live: Sequence[StoredKey]) -> list[str]:
    """Say which keys the master key does not open."""
    sealer = Sealer(find_master(settings))
    problems = []
    for key in live:
        try:
            await sealer.open(key.sealed or "", key.place)
        except SealError as error:
            problems.append(f"{key.id} of {key.belongs_to.words} cannot be opened: {error.message.rstrip('.')}")
    return problems


def _find_faults(live: Sequence[StoredKey]) -> Iterator[str]:
    """Say which keys cannot be used, and which are old."""
    for key in live:
        if fault := find_fault(key, now_ms()):
            yield f"{key.id} of {key.belongs_to.words}: {fault}; {rotate(key)}, `forgehand keys test {key.id}` tries it"
        elif reminder := find_reminder(key, now_ms()):
            yield reminder.rstrip(".")


def _describe(change: Progress) -> str:
    at = f"{change.done} of {change.total}"
    return f"the change to the master key {change.master} stopped after {at}: `forgehand keys reseal` goes on with it"
