"""Hold what all readers share: results, fences, the path near an edit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.edits.values import Edit, Hunk

_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([^`]*)$")
_LABEL = re.compile(
    r"(?:\d+[.)]\s*)?[#>*\-+\s]*(?:(?:file ?(?:name|path)?|path|in|modify|edit|update|create)(?:\s*:\s*|\s+))?", re.I
)
# Files at the root whose name has neither a folder nor an ending.
_BARE_NAMES = {
    "Makefile",
    "Dockerfile",
    "LICENSE",
    "README",
    "Gemfile",
    "Rakefile",
    "Procfile",
    "Jenkinsfile",
    "Vagrantfile",
}
_PATH = re.compile(r"[\w.@+~\[\]()$-]+(?:/[\w.@+~\[\]()$-]+)*")


@dataclass(frozen=True)
class ReadResult:
    """Edits that a reader found, and the line to go on from."""

    edits: tuple[Edit, ...]
    stop: int


def read_fence(line: str) -> tuple[str, str] | None:
    """Read a line that opens or closes a fence; return it and what follows."""
    match = _FENCE.fullmatch(line)
    return (match[1], match[2].strip()) if match else None


def path_in(line: str) -> str | None:
    """Return the path a line names, if it names one and nothing else."""
    label = _LABEL.match(line.strip())
    bare = line.strip()[label.end() if label else 0 :]
    bare = bare.strip().strip("*`\"'").rstrip(":").strip("*`\"'").strip()
    looks = _PATH.fullmatch(bare) is not None and ("/" in bare or re.search(r"\w\.\w+$", bare) is not None)
    return bare if looks or bare in _BARE_NAMES or re.fullmatch(r"\.\w+", bare) else None


def path_above(lines: Sequence[str], at: int) -> str | None:
    """Return the path in the two nearest lines that are no blank or fence."""
    seen = 0
    for line in reversed(lines[max(0, at - 6) : at]):
        opened = read_fence(line)
        if opened is not None:
            named = path_in(opened[1].split(":", 1)[-1].removeprefix("title=")) if opened[1] else None
            if named:
                return named
            if not opened[1] and seen:
                return None
            continue
        if not line.strip():
            continue
        named = path_in(line)
        if named:
            return named
        seen += 1
        if seen == 2:
            return None
    return None


def parse_marked_hunk(lines: Sequence[str]) -> Hunk:
    """Parse lines marked by a blank, ``-`` or ``+``; no mark is a blank."""
    marked = [(line[0], line[1:]) if line[0] in " -+" else (" ", line) for line in lines]
    search, replace = ("".join(f"{text}\n" for mark, text in marked if mark != other) for other in "+-")
    return Hunk(search, replace, open_above=lines[0][0] == "+", marks="".join(mark for mark, _ in marked))
