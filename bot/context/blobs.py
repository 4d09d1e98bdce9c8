"""Read blobs by ``git cat-file --batch``: no checkout, hooks or network."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

# An object a partial clone does not have is missing here; it is never fetched.
OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    **OFFLINE,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class Blobs:
    """An open ``cat-file --batch``. Not for several threads at once."""

    def __init__(self, git_dir: Path) -> None:
        self._process = subprocess.Popen(
            ["git", "--git-dir", str(git_dir), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**_ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()

    def read(self, sha: str) -> bytes | None:
        """Read a blob by its hex sha; None if it is not here or not a blob."""
        stdin = self._process.stdin
        stdout = self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(sha.encode() + b"\n")
        stdin.flush()
        header = stdout.readline().split()
        if len(header) != 3:
            return None
        data = stdout.read(int(header[2]))
        stdout.read(1)
        return data if header[1] == b"blob" else None


def read_blobs(git_dir: Path, shas: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield each sha with its bytes, or None if it is missing."""
    with Blobs(git_dir) as blobs:
        for sha in shas:
            yield sha, blobs.read(sha)


def decode(data: bytes) -> str:
    """Text for reading: UTF-8, wrong bytes replaced, every line end a newline."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
