"""Turn places that a model names into permalinks; drop invented ones."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import quote

_PLACE = r"(?P<path>[\w@.+/-]*\w):L?(?P<start>\d{1,7})(?:[-–]L?(?P<end>\d{1,7}))?(?![\w:])"
_WHOLE = re.compile(rf"`{_PLACE}`")
# Code that is shown stays as it is; a place in brackets of its own goes with them.
_TEXT = re.compile(
    rf"(?P<fence>^(?P<mark>`{{3,}}|~{{3,}})[^\n]*\n(?:.*\n)*?(?P=mark)[^\n]*$)|(?P<code>`[^`\n]+`)|(?<![\w:/@.]){_PLACE}",
    re.MULTILINE,
)
_RENDERED = (".md", ".markdown", ".rst", ".ipynb", ".csv", ".svg")


@dataclass(frozen=True)
class LinkedText:
    """Text with its ``linked`` places, and those that do not exist."""

    text: str
    linked: int
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    """Lines of a file, both ends included."""

    path: str
    start: int
    end: int

    @classmethod
    def of(cls, match: re.Match[str]) -> _Place:
        start = int(match["start"])
        return cls(match["path"], start, int(match["end"] or start))

    def __str__(self) -> str:
        return f"{self.path}:{self.start}" + (f"-{self.end}" if self.end != self.start else "")


def find_paths(text: str) -> frozenset[str]:
    """Return everything in a text that could be the path of a cited place."""
    found = (match if match["path"] else _WHOLE.fullmatch(match["code"] or "") for match in _TEXT.finditer(text))
    return frozenset(match["path"] for match in found if match is not None)


def link_places(text: str, lengths: Mapping[str, int], root: str, *, endings: Collection[str]) -> LinkedText:
    """Link each ``path:line`` or ``path:line-line`` of a text.

    ``root`` is the address they are linked below (``.../blob/<sha>``). ``lengths`` are the numbers of lines of the
    files that exist; what names a file or a line that is not there is taken out. What ends in none of the repository's
    ``endings`` is not a path but, say, a host and its port.
    """
    dropped: list[str] = []
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        found = match if match["path"] else _WHOLE.fullmatch(match["code"] or "")
        if found is None or not _is_path(found["path"], lengths, endings):
            return match.group()
        place = _Place.of(found)
        if not 1 <= place.start <= place.end <= lengths.get(place.path, 0):
            dropped.append(str(place))
            return "\0"
        count += 1
        name = f"`{place}`" if match["code"] else str(place).replace("_", "\\_")
        plain = "?plain=1" if place.path.lower().endswith(_RENDERED) else ""
        last = f"-L{place.end}" if place.end != place.start else ""
        return f"[{name}]({root}/{quote(place.path)}{plain}#L{place.start}{last})"

    marked = _TEXT.sub(replace, text.replace("\0", ""))
    return LinkedText(_remove_marks(marked) if dropped else marked, count, tuple(dict.fromkeys(dropped)))


def _is_path(path: str, lengths: Mapping[str, int], endings: Collection[str]) -> bool:
    """Return whether it may be a file here, not a host's port or a time."""
    return path in lengths or "/" in path or ("." in path and path.rpartition(".")[2] in endings)


def _remove_marks(text: str) -> str:
    """Take the marks out, and the brackets that hold nothing else."""
    emptied = re.sub(r"[ \t]?[(\[]\s*\0(?:(?:\s|,|;|and|\0)*\0)?\s*[)\]]", "", text)
    return re.sub(r"[ \t]*\0", "", emptied)
