"""Read what git prints: trees, batches of blobs, blame, texts."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from bot.git.errors import ObjectMissing
from bot.git.paths import LINK, SUBMODULE
from bot.types import JsonModel

# A line of ``git blame --porcelain`` that names the commit of a line; the lines themselves begin with a tab.
_BLAMED = re.compile(r"([0-9a-f]{40}(?:[0-9a-f]{24})?) \d+ \d+")


class Entry(JsonModel):
    """A file of a tree; ``size`` in bytes, None for a submodule."""

    path: str
    mode: str
    size: int | None
    sha: str

    @property
    def kind(self) -> Literal["file", "link", "submodule"]:
        if self.mode == LINK:
            return "link"
        return "submodule" if self.mode == SUBMODULE else "file"


def parse_tree(listing: bytes) -> tuple[Entry, ...]:
    """Parse ``git ls-tree -z --long``, without names that are not UTF-8."""
    rows = (row.split("\t", 1) for row in listing.decode("utf-8", "surrogateescape").split("\0") if row)
    fields = ((*meta.split(), path) for meta, path in rows)
    return tuple(
        Entry.model_construct(path=path, mode=mode, size=None if size == "-" else int(size), sha=sha)
        for mode, _kind, sha, size, path in fields
        if not any("\udc80" <= char <= "\udcff" for char in path)
    )


def split_batch(output: bytes) -> dict[str, bytes]:
    """Parse ``git cat-file --batch``: blobs by sha, or ObjectMissing."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        header = output[at:end].decode().split()
        if len(header) != 3:
            raise ObjectMissing(f"The object {header[0]} is not in the mirror.", name=header[0])
        size = int(header[2])
        found[header[0]] = output[end + 1 : end + 1 + size]
        at = end + size + 2
    return found


def parse_blame(porcelain: str) -> dict[str, str]:
    """Parse ``git blame --porcelain``: a commit's facts come only once."""
    counts: Counter[str] = Counter()
    subjects: dict[str, str] = {}
    sha = ""
    for line in porcelain.split("\n"):
        header = _BLAMED.match(line)
        if header is not None:
            sha = header[1]
            counts[sha] += 1
        elif line.startswith("summary ") and sha:
            subjects[sha] = line.removeprefix("summary ")
    return {each: subjects.get(each, "") for each, _ in counts.most_common()}


def as_text(data: bytes) -> str | None:
    """Decode UTF-8 text unchanged; None where it is binary or other."""
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
