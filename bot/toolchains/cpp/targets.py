"""Know what a build makes of which files: CMake's file API, and compile commands.

https://cmake.org/cmake/help/latest/manual/cmake-file-api.7.html
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.port import WORK
from bot.toolchains.cpp.paths import COMPILED, has_mark, is_test_file
from bot.toolchains.json_stream import decode_stream

_LINKED = {"EXECUTABLE", "SHARED_LIBRARY", "MODULE_LIBRARY", "STATIC_LIBRARY"}


@dataclass(frozen=True)
class Target:
    """Program or library, the absolute path of it, and its files in the tree."""

    name: str
    product: str
    is_program: bool
    sources: tuple[str, ...]

    def find_source(self, test: str, texts: Mapping[str, str]) -> str:
        """Return the file that a test stands in, as far as it can be seen."""
        named = [path for path in self.sources if re.search(rf"\b{re.escape(test)}\b", texts.get(path, ""))]
        tests = [path for path in self.sources if has_mark(path)] or [
            path for path in self.sources if is_test_file(path)
        ]
        return next(iter([*(path for path in named if path in tests), *named, *tests, *self.sources]), "")


@dataclass(frozen=True)
class Build:
    """Knowledge that a build has of itself.

    ``commands`` are the compiler's command lines by the object they make; ``folder`` is where they run.
    """

    folder: str
    targets: Sequence[Target] = ()
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def find_product(self, word: str) -> Target | None:
        """Return what makes the file that a word of a command names."""
        path = posixpath.normpath(posixpath.join(self.folder, word))
        return next((target for target in self.targets if target.product == path), None)

    def list_sources(self) -> set[str]:
        return {path for target in self.targets for path in target.sources}


def to_tree(path: str, folder: str) -> str:
    """Return a path below the tree, "" for any other.

    ``folder`` is where a relative one begins.
    """
    whole = posixpath.normpath(posixpath.join(folder, path))
    return whole.removeprefix(f"{WORK}/") if whole.startswith(f"{WORK}/") else ""


def read_build(stream: bytes, folder: str, root: str) -> Build:
    """Read the files of CMake's file API, and compile commands, joined.

    ``root`` is the unit's folder in the tree.
    """
    values = list(decode_stream(stream))
    targets = [target for one in values if isinstance(one, dict) for target in _read_target(one, folder, root)]
    commands = {made: argv for one in values if isinstance(one, list) for made, argv in read_commands(one, folder)}
    return Build(folder, targets, commands)


def _read_target(one: Mapping[str, Any], folder: str, root: str) -> Iterator[Target]:
    artifacts, sources = one.get("artifacts"), one.get("sources")
    if one.get("type") not in _LINKED or not isinstance(artifacts, list) or not isinstance(sources, list):
        return
    products = list(_list_paths(artifacts))
    files = [to_tree(path, posixpath.join(WORK, root)) for path in _list_paths(sources)]
    compiled = tuple(path for path in files if path.endswith(COMPILED))
    if products:
        product = posixpath.normpath(posixpath.join(folder, products[0]))
        yield Target(str(one.get("name")), product, one["type"] == "EXECUTABLE", compiled)


def _list_paths(entries: Iterable[object]) -> Iterator[str]:
    return (str(entry["path"]) for entry in entries if isinstance(entry, dict) and "path" in entry)


def read_commands(entries: Iterable[object], folder: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield of compile commands what each makes, and its words.

    https://clang.llvm.org/docs/JSONCompilationDatabase.html
    """
    for entry in entries:
        line = entry.get("command") if isinstance(entry, dict) else None
        try:
            words = shlex.split(line) if isinstance(line, str) else []
        except ValueError:
            continue
        if "-o" in words[:-1]:
            yield posixpath.normpath(posixpath.join(folder, words[words.index("-o") + 1])), words
