"""Keep files of PyPI on this machine, for all repositories.

Only the proxy writes here, what it fetched itself. A file's address names the BLAKE2b digest of its content: what does
not have it is not kept, so that nothing a repository does can put another file in its place.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_ADDRESS = re.compile(r"/packages/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f]{60})/[^/?#]+\.(?:whl|tar\.gz|zip)")
FOLDER = "packages"  # in the data directory
PART = ".part"


class Keeping:
    """File that is being kept while it is passed on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.blake2b(digest_size=32)

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        self._stream.write(data)


class PackageCache:
    """Files by the digests of their content. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, address: str) -> BinaryIO | None:
        """Open the file of an address, if it is kept."""
        digest = read_digest(address)
        if digest is None:
            return None
        try:
            stream = (self._folder / digest).open("rb")
        except FileNotFoundError:
            return None
        os.utime(stream.fileno())
        return stream

    @contextmanager
    def keep(self, address: str) -> Iterator[Keeping | None]:
        """Keep what is written within the block, if it is what the address names.

        None where nothing can be kept.
        """
        digest = read_digest(address)
        if digest is None:
            yield None
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._folder / f"{secrets.token_hex(8)}{PART}"
        try:
            with aside.open("xb") as stream:
                keeping = Keeping(stream)
                yield keeping
            if keeping.digest == digest:
                aside.rename(self._folder / digest)
        finally:
            aside.unlink(missing_ok=True)


def read_digest(address: str) -> str | None:
    """Return the digest of a file's content that its address names, if any."""
    found = _ADDRESS.fullmatch(address)
    return "".join(found.groups()) if found else None
