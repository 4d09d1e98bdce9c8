"""Choose the master key that the settings name."""

from __future__ import annotations

import hashlib
import threading

from cachetools import TTLCache

from bot.sealing.local import LocalMaster
from bot.sealing.port import MasterKey, Wrapped
from bot.sealing.transit import KIND, Login, TransitMaster
from bot.settings import Settings

_REMEMBERED, _SECONDS = 1_000, 300.0  # opened data keys: a call of a model costs no request each time


class RemoteMaster:
    """A master key elsewhere, with the local one for what it sealed before."""

    def __init__(self, remote: MasterKey, local: LocalMaster) -> None:
        self._remote = remote
        self._local = local
        self._opened: TTLCache[bytes, bytes] = TTLCache(_REMEMBERED, ttl=_SECONDS)
        self._lock = threading.Lock()  # the event loops of workflows are in threads of their own

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return self._remote.place

    async def prepare(self) -> None:
        """Make nothing here."""
        await self._remote.prepare()

    async def current(self) -> str:
        """Return the name of what wraps now."""
        return await self._remote.current()

    def knows(self, master: str) -> bool:
        """Return True if a name is of a key that is asked here."""
        return self._remote.knows(master) or self._local.knows(master)

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""
        return await self._remote.wrap(key)

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        if not self._remote.knows(wrapped.master):
            return await self._local.unwrap(wrapped)
        name = hashlib.sha256(wrapped.key).digest()
        with self._lock:
            found = self._opened.get(name)
        if found is None:
            found = await self._remote.unwrap(wrapped)
            with self._lock:
                self._opened[name] = found
        return found


def find_master(settings: Settings) -> MasterKey:
    """Return the master key of a server."""
    local = LocalMaster.of(settings)
    if settings.master is None:
        return local
    token, secret = settings.vault_token, settings.vault_secret_id
    login = Login(
        token="" if token is None else token.get_secret_value(),
        role=settings.vault_role_id or "",
        secret="" if secret is None else secret.get_secret_value(),
    )
    return RemoteMaster(TransitMaster(settings.master.removeprefix(f"{KIND}:"), login), local)
