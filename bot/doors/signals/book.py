"""Know the sources that may send, and their secrets, without a query a request."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from dataclasses import dataclass

import structlog

from bot.sealing.port import SealError
from bot.sealing.sealer import Sealer
from bot.store import sources
from bot.store.sources import Source
from bot.store.store import Store

FRESH_SECONDS = 1.0  # so long a removed source or secret is still taken
_NOBODY = hashlib.sha256(b"").hexdigest()
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OpenSource:
    """A source with its secrets in clear; ``problem`` says why some are not."""

    source: Source
    secrets: tuple[str, ...]
    problem: str = ""


class SourceBook:
    """The sources of the database, read again when they are a second old."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._open: dict[str, OpenSource] = {}
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, source_id: str, key: str) -> OpenSource | None:
        """Return the source with this id and key.

        It takes as long where there is none.
        """
        async with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                await self._refresh()
        found = self._open.get(source_id)
        held = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        fits = hmac.compare_digest(held, _NOBODY if found is None else found.source.key_hash)
        return found if fits else None

    async def _refresh(self) -> None:
        now = time.monotonic()
        listed = await self._store.run(sources.list_live)
        self._open = {one.id: await self._read(one) for one in listed}
        self._read_at = now

    async def _read(self, source: Source) -> OpenSource:
        known = self._open.get(source.id)
        if known is not None and known.source.secrets == source.secrets and not known.problem:
            return OpenSource(source, known.secrets)
        try:
            opened = [await self._sealer.open(sealed, source.place) for sealed in source.secrets]
        except SealError as error:
            if known is None or known.problem != error.message:
                log.error("the secrets of a source cannot be read", source=source.id, reason=error.message)
            return OpenSource(source, (), error.message)
        return OpenSource(source, tuple(opened))
