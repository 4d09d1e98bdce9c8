"""Define what a master key does, wherever it is kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from bot.types import ForgehandError


class SealError(ForgehandError):
    """A sealed text or a master key that cannot be used."""


class Wrapped(NamedTuple):
    """A data key as it is stored, and the master key's name."""

    master: str
    key: bytes


class MasterKey(Protocol):
    """A key that never leaves its place and wraps the keys of texts."""

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key.

        Raises :class:`SealError` where another master key wrapped it.
        """
