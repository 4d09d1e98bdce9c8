"""Find the files of a tree that the frames of a stack trace stand in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

_MOST = 40
_SCHEME = re.compile(r"^(?:[a-z+.-]{1,20}:///?|[A-Za-z]:)")
_TEST = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__)/|(?:^|/)(?:test_|conftest)[^/]*$|[._-](?:test|spec)s?\.\w+$|Tests?\.\w+$"
)


class NamedFrame(Protocol):
    """Frame of a log or of a signal."""

    @property
    def path(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def line(self) -> int | None: ...


class Place(NamedTuple):
    """Spot of a frame in a tree; ``depth``: 0 is where it failed."""

    path: str
    line: int
    function: str
    depth: int

    @property
    def is_test(self) -> bool:
        return _TEST.search(self.path) is not None


def map_frames(frames: Iterable[NamedFrame], paths: Iterable[str]) -> tuple[Place, ...]:
    """Return the places of frames, innermost first, that a tree has.

    A frame names a file if a suffix of its path is the end of exactly one path of the tree.
    """
    known = _index(paths)
    found: dict[tuple[str, str], Place] = {}
    for frame in frames:
        path = _match(frame.path, known)
        if path is None:
            continue
        place = Place(path, frame.line or 0, frame.function.rpartition(".")[2], len(found))
        found.setdefault((path, place.function or str(place.line)), place)
        if len(found) >= _MOST:
            break
    return tuple(found.values())


def _index(paths: Iterable[str]) -> Mapping[str, Sequence[str]]:
    known: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        known[path.rpartition("/")[2]].append(path)
    return known


def _match(path: str, known: Mapping[str, Sequence[str]]) -> str | None:
    path = _SCHEME.sub("", path.replace("\\", "/")).lstrip("/")
    if not path or path[0] in "<[" or " " in path or "." not in path.rpartition("/")[2]:
        return None
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    same_name = known.get(parts[-1], ()) if parts else ()
    for first in range(len(parts)):
        rest = "/".join(parts[first:])
        ending = [one for one in same_name if one == rest or one.endswith(f"/{rest}")]
        if rest in ending:
            return rest
        if ending:
            return ending[0] if len(ending) == 1 else None
    return None
