"""Seal a text: AES-GCM with a key of its own, which the master key wraps."""

from __future__ import annotations

import os
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Base64Bytes, ValidationError

from bot.sealing.port import MasterKey, SealError, Wrapped
from bot.types import JsonModel

NONCE = 12  # bytes


class Sealed(JsonModel):
    """A sealed text as it is stored."""

    version: Literal[1] = 1
    master: str  # name of the master key
    key: Base64Bytes  # the text's own key, wrapped
    nonce: Base64Bytes
    text: Base64Bytes


class Sealer:
    """A sealer of texts.

    ``place`` says where a sealed text is kept, such as a table and a row: moved elsewhere it does not open.
    """

    def __init__(self, master: MasterKey) -> None:
        self._master = master

    async def seal(self, text: str, place: str) -> str:
        """Seal a text. Raises :class:`SealError`."""
        key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
        data = AESGCM(key).encrypt(nonce, text.encode(), place.encode())
        wrapped = await self._master.wrap(key)
        sealed = Sealed.model_construct(master=wrapped.master, key=wrapped.key, nonce=nonce, text=data)
        return sealed.model_dump_json()

    async def rewrap(self, sealed: str) -> str:
        """Return a sealed text with its key wrapped by the master key of now.

        The text itself is not opened. Raises :class:`SealError`.
        """
        read = read_sealed(sealed)
        wrapped = await self._master.wrap(await self._master.unwrap(Wrapped(read.master, read.key)))
        return read.model_copy(update={"master": wrapped.master, "key": wrapped.key}).model_dump_json()

    async def open(self, sealed: str, place: str) -> str:
        """Return a sealed text. Raises :class:`SealError`."""
        read = read_sealed(sealed)
        key = await self._master.unwrap(Wrapped(read.master, read.key))
        try:
            return AESGCM(key).decrypt(read.nonce, read.text, place.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealError("A sealed text was changed, or moved from where it was stored.") from None


def read_sealed(text: str) -> Sealed:
    """Read a sealed text, without opening it. Raises :class:`SealError`."""
    try:
        return Sealed.model_validate_json(text)
    except ValidationError:
        raise SealError("The stored text was not sealed in a way that this Forgehand knows.") from None
