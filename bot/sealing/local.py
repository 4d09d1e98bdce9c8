"""Keep the master key on this machine: in the environment, else in a file of the data directory."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.sealing.port import SealError, Wrapped
from bot.sealing.sealer import NONCE
from bot.settings import Settings

FILE = "master.key"
_BYTES = 32
_MAKE = "`openssl rand -base64 32` makes one"


class LocalMaster:
    """The master key of this server.

    It is looked for when it is first needed: another process may have made it meanwhile.
    """

    def __init__(self, text: str | None, file: Path) -> None:
        self._text = text
        self.file = file
        self._key: bytes | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the master key that the settings name, else the file's."""
        key = settings.master_key
        return cls(None if key is None else key.get_secret_value(), settings.data_dir / FILE)

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return "FORGEHAND_MASTER_KEY" if self._text is not None else str(self.file)

    @property
    def is_there(self) -> bool:
        """Return True if there is a key, good or not."""
        return self._text is not None or self.file.exists()

    def make(self) -> None:
        """Make a key where there is none; of several processes one does. Blocks."""
        if self.is_there:
            return
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.file.parent) as made:  # readable for this user only
            made.write(base64.b64encode(secrets.token_bytes(_BYTES)) + b"\n")
            made.flush()
            os.fsync(made.fileno())
            try:
                os.link(made.name, self.file)
            except FileExistsError:
                return

    def load(self) -> bytes:
        """Return the key.

        Blocks. Raises :class:`SealError` where it is missing or malformed.
        """
        if self._key is None:
            self._key = _decode(self._read(), self.place)
        return self._key

    @property
    def name(self) -> str:
        """Return the key's public name. Raises as :meth:`load` does."""
        return hashlib.sha256(b"forgehand master key\0" + self.load()).hexdigest()[:16]

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises as :meth:`load` does."""
        master, nonce = await asyncio.to_thread(self.load), os.urandom(NONCE)
        return Wrapped(self.name, nonce + AESGCM(master).encrypt(nonce, key, self.name.encode()))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        master = await asyncio.to_thread(self.load)
        if wrapped.master != self.name:
            raise SealError(
                f"It was sealed with the master key {wrapped.master}, but {self.place} holds {self.name}: "
                "put the other one back, or set the secret anew."
            )
        try:
            return AESGCM(master).decrypt(wrapped.key[:NONCE], wrapped.key[NONCE:], self.name.encode())
        except (InvalidTag, ValueError):
            raise SealError("A sealed text was changed, or moved from where it was stored.") from None

    def _read(self) -> str:
        if self._text is not None:
            return self._text
        try:
            return self.file.read_text()
        except FileNotFoundError:
            raise SealError(
                f"The master key is missing: put {self.file} back, or set FORGEHAND_MASTER_KEY to what it held."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise SealError(f"The master key in {self.file} cannot be read ({reason}).") from None


def _decode(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise SealError(f"{place} holds no master key: it must be {_BYTES} random bytes in base64; {_MAKE}.")
    return key
