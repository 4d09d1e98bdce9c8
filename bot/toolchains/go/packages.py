"""Read which packages a module has, and which tests stand in their files."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import WORK
from bot.toolchains.json_stream import decode_stream

# What ``go test`` runs: https://pkg.go.dev/testing
_FUNCTION = re.compile(rb"^func ((Test|Example|Fuzz)(?:[^a-z\W]\w*)?)\(([^)]*)\)", re.MULTILINE)
_TAKES = {b"Test": b"testing.T", b"Fuzz": b"testing.F"}


@dataclass(frozen=True)
class Package:
    """Package of a module.

    ``path`` is its import path, ``folder`` its place in the tree; ``functions`` are its tests with their files.
    ``planned`` are those that always run; an example without output does not.
    """

    path: str
    folder: str
    functions: Mapping[str, str]
    planned: frozenset[str]


def read_packages(listing: bytes, tree: Path) -> list[Package]:
    """Read the output of ``go list -json``. Blocking."""
    found = []
    for one in decode_stream(listing):
        place = one.get("Dir") if isinstance(one, dict) else None
        if not isinstance(place, str) or not f"{place}/".startswith((f"{WORK}/", f"{tree}/")):
            continue
        folder = posixpath.relpath(place, WORK if place.startswith(WORK) else str(tree))
        lists = [one.get("TestGoFiles"), one.get("XTestGoFiles")]
        names = [str(name) for found_in in lists if isinstance(found_in, list) for name in found_in]
        files = [posixpath.normpath(posixpath.join(folder, name)) for name in names]
        found.append(_read_package(str(one.get("ImportPath")), posixpath.normpath(folder), files, tree))
    return found


def _read_package(path: str, folder: str, files: Sequence[str], tree: Path) -> Package:
    functions: dict[str, str] = {}
    planned = set()
    for file in files:
        place = tree / file
        text = place.read_bytes() if place.is_file() and not place.is_symlink() else b""
        for name, kind, taken in _FUNCTION.findall(text):
            if name != b"TestMain" and _TAKES.get(kind, b"") in taken:
                functions[name.decode()] = file
                planned |= {name.decode()} if kind == b"Test" else set()
    return Package(path, folder, functions, frozenset(planned))
