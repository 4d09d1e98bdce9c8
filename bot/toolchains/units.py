"""Say which folders of a repository can be installed and tested on their own, and what shows it."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from bot.types import JsonModel

# Folders that hold nothing of the repository's own, or samples of others.
_ASIDE = {"node_modules", "venv", "site-packages", "bower_components", "vendor"}
# Folders that builds make, unless they lie among sources: a package of Java may be named so.
_MADE = {"dist", "build", "target"}
_SOURCES = "src"
_SAMPLES = re.compile(r"(^|/)(__?fixtures__?|fixtures?|examples?|templates?|samples?|tests?|__tests__|e2e|docs?)(/|$)")
_MOST_ENTRIES = 200_000


class Unit(JsonModel):
    """Folder that installs and tests itself.

    ``root`` is its path, "" for the whole repository; ``toolchain`` its language, ``manager`` what installs it,
    ``runner`` what tests it. ``evidence`` says in words where each was seen.
    """

    root: str
    toolchain: str
    manager: str = ""
    runner: str = ""
    evidence: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Return whether a path lies in this folder."""
        return not self.root or path == self.root or path.startswith(f"{self.root}/")

    def place(self, target: str) -> str:
        """Return the file of a target as seen from this folder; never an option."""
        file = posixpath.relpath(target.partition("::")[0], self.root or ".")
        return f"./{file}" if file.startswith("-") else file


def is_sample(root: str) -> bool:
    """Return whether a folder is a sample, a template or data of tests."""
    return _SAMPLES.search(root) is not None


def list_around(root: str) -> list[str]:
    """Return a folder and those around it, the innermost first."""
    places = [PurePosixPath(root), *PurePosixPath(root).parents]
    return ["" if str(place) == "." else str(place) for place in places]


def sort_by_root(paths: Iterable[str], roots: Collection[str]) -> dict[str, list[str]]:
    """Return the paths in each folder, each only in the innermost folder.

    Trees may have thousands of both.
    """
    found: dict[str, list[str]] = {root: [] for root in roots}
    for path in paths:
        root = next((one for one in list_around(path) if one in found), None)
        if root is not None:
            found[root].append(path)
    return found


def find_nearest(units: Sequence[Unit], path: str) -> Unit | None:
    """Return the innermost unit that a path lies in."""
    return max((unit for unit in units if unit.holds(path)), key=lambda unit: len(unit.root), default=None)


def walk_files(tree: Path, *, depth: int = 20) -> Iterator[PurePosixPath]:
    """Yield a tree's files, without hidden and foreign folders. Blocking."""
    seen = 0
    for folder, folders, files in os.walk(tree):
        place = PurePosixPath(os.path.relpath(folder, tree))
        aside = _ASIDE if _SOURCES in place.parts else _ASIDE | _MADE
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in aside)
        if len(place.parts) >= depth:
            folders.clear()
        seen += len(files) + len(folders)
        if seen > _MOST_ENTRIES:
            return
        yield from (place / name for name in sorted(files))
