"""Define what a master key does, wherever it is kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from bot.types import ForgehandError


class SealError(ForgehandError):
    """A sealed text or a master key that cannot be used.

    ``details``: ``away`` is True where the place of the key does not answer now.
    """


class Wrapped(NamedTuple):
    """A data key as it is stored, and the master key's name."""

    master: str
    key: bytes


class MasterKey(Protocol):
    """A key that never leaves its place and wraps the keys of texts."""

    @property
    def place(self) -> str:
        """Say where the key is kept."""

    async def prepare(self) -> None:
        """Make a key where there is none, if that is done here."""

    async def current(self) -> str:
        """Return the name of what wraps now, its version included."""

    def knows(self, master: str) -> bool:
        """Return True if a name is of the form that this place gives."""

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key.

        Raises :class:`SealError` where another master key wrapped it.
        """
