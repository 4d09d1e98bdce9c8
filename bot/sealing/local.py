"""Keep the master key on this machine: in the environment, else in a file of the data directory.

There may be several, one a line: the first seals, all open. So a key is changed: a new one is put first, everything is
sealed anew, and the old one is dropped when nothing names it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import os
import secrets
import tempfile
from collections.abc import Collection, Sequence
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

    The file is read each time something is sealed: another process may have made or changed it meanwhile.
    """

    def __init__(self, text: str | None, file: Path) -> None:
        self._text = text
        self.file = file
        self._keys: dict[str, bytes] = {}

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
        with _written([_new_key()], self.file.parent) as made:
            try:
                os.link(made.name, self.file)
            except FileExistsError:
                return

    def add(self) -> str:
        """Put a new key before those in the file, and return its name.

        Blocks. Raises :class:`SealError` where the environment holds it.
        """
        if self._text is not None:
            raise SealError(
                "The environment holds the master key (FORGEHAND_MASTER_KEY), and no command changes it: put a new key "
                f"before the old one, a blank between them ({_MAKE}), restart the server, and run this without options."
            )
        key = _new_key()
        self._write([key, *self.load().values()])
        return _name(key)

    def drop(self, names: Collection[str]) -> None:
        """Take keys out of the file; the first one stays.

        Blocks. Raises :class:`SealError` where the environment holds them.
        """
        if self._text is not None:
            raise SealError(
                f"Nothing names {' and '.join(names)}: take them out of FORGEHAND_MASTER_KEY and restart the server."
            )
        keys = list(self.load().items())
        self._write([keys[0][1], *(key for name, key in keys[1:] if name not in names)])

    def load(self) -> dict[str, bytes]:
        """Return the keys by their names, the one that seals first.

        Blocks. Raises :class:`SealError` where one is missing or malformed.
        """
        words = self._read().replace(",", " ").split()
        keys = [_decode(word, self.place) for word in words or [""]]
        self._keys = {_name(key): key for key in keys}
        return self._keys

    @property
    def name(self) -> str:
        """Return the public name of the key that seals. Raises as :meth:`load`."""
        return next(iter(self.load()))

    async def prepare(self) -> None:
        """Make a key where there is none."""
        await asyncio.to_thread(self.make)

    async def current(self) -> str:
        """Return the name of what seals now. Raises as :meth:`load`."""
        return await asyncio.to_thread(lambda: self.name)

    def knows(self, master: str) -> bool:
        """Return True if a name is of the form that names here have."""
        return ":" not in master

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises as :meth:`load` does."""
        keys, nonce = await asyncio.to_thread(self.load), os.urandom(NONCE)
        name, master = next(iter(keys.items()))
        return Wrapped(name, nonce + AESGCM(master).encrypt(nonce, key, name.encode()))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        keys = self._keys
        if wrapped.master not in keys:
            keys = await asyncio.to_thread(self.load)
        if wrapped.master not in keys:
            raise SealError(
                f"It was sealed with the master key {wrapped.master}, but {self.place} holds {' and '.join(keys)}: "
                "put the other one back, or set the secret anew."
            )
        try:
            master = keys[wrapped.master]
            return AESGCM(master).decrypt(wrapped.key[:NONCE], wrapped.key[NONCE:], wrapped.master.encode())
        except (InvalidTag, ValueError):
            raise SealError("A sealed text was changed, or moved from where it was stored.") from None

    def _write(self, keys: Sequence[bytes]) -> None:
        with _written(keys, self.file.parent) as made:
            aside = self.file.with_name(f".{self.file.name}.{secrets.token_hex(4)}")
            os.link(made.name, aside)
            aside.replace(self.file)

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


def _new_key() -> bytes:
    return secrets.token_bytes(_BYTES)


def _name(key: bytes) -> str:
    return hashlib.sha256(b"forgehand master key\0" + key).hexdigest()[:16]


def _written(keys: Sequence[bytes], folder: Path) -> tempfile._TemporaryFileWrapper[bytes]:
    """Return a file with keys, on disk and readable for this user only."""
    made = tempfile.NamedTemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
    made.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
    made.flush()
    os.fsync(made.fileno())
    return made


def _decode(text: str, place: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise SealError(f"{place} holds no master key: it must be {_BYTES} random bytes in base64; {_MAKE}.")
    return key
