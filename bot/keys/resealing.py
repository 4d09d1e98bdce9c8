"""Move everything that is sealed to the master key of now, in batches that survive being killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from bot.sealing.port import MasterKey, SealError, Wrapped
from bot.sealing.sealer import Sealer, read_sealed
from bot.store import sealed
from bot.store.sealed import SealedRow
from bot.store.store import Store
from bot.types import JsonModel

_BATCH = 100  # rows a transaction: whoever else writes waits for it


class Resealed(JsonModel):
    """Result of a change: how many rows moved, and what is wrong with others."""

    master: str
    moved: int
    problems: tuple[str, ...]


async def reseal(store: Store, master: MasterKey) -> Resealed:
    """Wrap anew whatever another master key has wrapped; texts are not opened.

    It may be killed at any line and run again, beside a server that runs. Raises :class:`SealError` where the master
    key cannot be used.
    """
    current = await master.current()
    waiting = sum(count for name, count in (await count_masters(store)).items() if name != current)
    progress = await store.run(sealed.begin, current, waiting)
    moved, problems = 0, list[str]()
    async for batch in _walk(store):
        moved += await _move(store, Sealer(master), progress.master, batch, problems)
    if not problems:
        await store.run(sealed.advance, progress.master, 0, ended=True)
    return Resealed(master=current, moved=moved, problems=tuple(dict.fromkeys(problems)))


async def count_masters(store: Store) -> Counter[str]:
    """Count the sealed texts by the master key that each names."""
    found: Counter[str] = Counter()
    async for batch in _walk(store):
        found.update(_name(text) for row in batch for text in row.texts)
    return found


async def find_unknown(store: Store, master: MasterKey) -> list[str]:
    """Say which master keys are named by what is sealed and cannot be used."""
    samples: dict[str, str] = {}
    async for batch in _walk(store):
        samples |= {_name(text): text for row in batch for text in row.texts}
    problems = []
    for text in samples.values():
        try:
            read = read_sealed(text)
            await master.unwrap(Wrapped(read.master, read.key))
        except SealError as error:
            problems.append(error.message)
    return problems


async def _move(store: Store, sealer: Sealer, current: str, batch: list[SealedRow], problems: list[str]) -> int:
    """Move the rows of a batch in one transaction; return how many moved."""
    changes: list[tuple[SealedRow, tuple[str, ...]]] = []
    for row in batch:
        try:
            texts = [text if _name(text) == current else await sealer.rewrap(text) for text in row.texts]
        except SealError as error:
            problems.append(f"{row.table} {row.id}: {error.message}")
            continue
        if tuple(texts) != row.texts:
            changes.append((row, tuple(texts)))
    if not changes:
        return 0
    return await store.run(sealed.replace_all, current, changes)


async def _walk(store: Store) -> AsyncIterator[list[SealedRow]]:
    for table in sealed.TABLES:
        after = ""
        while batch := await store.run(sealed.list_after, table, after, _BATCH):
            yield batch
            after = batch[-1].id


def _name(text: str) -> str:
    """Return the master key that a sealed text names, "" for what is none."""
    try:
        return read_sealed(text).master
    except SealError:
        return ""
