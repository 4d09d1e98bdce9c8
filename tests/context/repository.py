"""Small bare repositories made by git itself, odd entries included."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

REGULAR, LINK, SUBMODULE = "100644", "120000", "160000"


class BareRepository:
    """Commits are written by ``git fast-import``, so that no file ever touches the disk."""

    def __init__(self, place: Path) -> None:
        self.git_dir = place
        self._commits = 0
        subprocess.run(["git", "init", "-q", "--bare", str(place)], check=True)

    def commit(self, files: Mapping[str | bytes, str | bytes | None], message: str = "work") -> str:
        """A commit on ``main`` on top of the last; None removes a file. Returns its sha."""
        entries = [(name, REGULAR, content) for name, content in files.items()]
        return self.commit_entries(entries, message)

    def commit_entries(self, entries: list[tuple[str | bytes, str, str | bytes | None]], message: str = "work") -> str:
        """Entries are (path, mode, content); a submodule's content is a sha."""
        stream = [_head(self._commits, message)]
        for name, mode, content in entries:
            stream.append(_entry(name if isinstance(name, bytes) else name.encode(), mode, content))
        self._git("fast-import", "--quiet", data=b"".join(stream))
        self._commits += 1
        return self._git("rev-parse", "main").strip()

    def _git(self, *arguments: str, data: bytes = b"") -> str:
        done = subprocess.run(
            ["git", "--git-dir", str(self.git_dir), *arguments], input=data, capture_output=True, check=True
        )
        return done.stdout.decode()


def _head(number: int, message: str) -> bytes:
    text = message.encode()
    when = f"committer Ann <ann@example.org> {1_700_000_000 + number} +0000\n"
    before = b"from refs/heads/main^0\n" if number else b""
    return b"commit refs/heads/main\n" + when.encode() + f"data {len(text)}\n".encode() + text + b"\n" + before


def _entry(name: bytes, mode: str, content: str | bytes | None) -> bytes:
    quoted = (
        b'"' + b"".join(b"\\%03o" % byte if byte in b'\n"\\' or byte > 126 else bytes([byte]) for byte in name) + b'"'
    )
    if content is None:
        return b"D " + quoted + b"\n"
    data = content.encode() if isinstance(content, str) else content
    if mode == SUBMODULE:
        return b"M 160000 " + data + b" " + quoted + b"\n"
    return f"M {mode} inline ".encode() + quoted + f"\ndata {len(data)}\n".encode() + data + b"\n"
