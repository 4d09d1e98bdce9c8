"""Say whose key a model is asked with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from bot.models.catalogue import Catalogue, ModelSpec
from bot.models.port import Credential, ModelError, Spender
from bot.types import KeyScope


@dataclass(frozen=True)
class HeldKey:
    """A key in clear for one call; ``id`` is "" for those of the settings.

    If it fails, no key of a wider scope pays where it is ``alone``.
    """

    id: str = ""
    secret: Credential | None = field(default=None, repr=False)
    scope: KeyScope = "instance"
    alone: bool = False


class KeyRing(Protocol):
    """The keys of a server and of those who use it."""

    async def find(self, spec: ModelSpec, spender: Spender, widest: KeyScope) -> HeldKey:
        """Return the narrowest key for a model, none wider than ``widest``.

        Raises :class:`ModelError` where it cannot be used; ``details``: ``scope``, where no wider one may stand in.
        """

    async def note(self, key: HeldKey, spec: ModelSpec, error: ModelError | None) -> None:
        """Take note of how a call with a key ended."""


class SettingsRing:
    """The keys of the settings, and no others."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def find(self, spec: ModelSpec, _spender: Spender, _widest: KeyScope) -> HeldKey:
        """Return the key of the settings."""
        return HeldKey(secret=self._catalogue.key(spec))

    async def note(self, _key: HeldKey, _spec: ModelSpec, _error: ModelError | None) -> None:
        """Do nothing: the call itself reports what is wrong with a setting."""
