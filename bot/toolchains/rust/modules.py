"""Find which file each module of a Rust program stands in, and which tests, without compiling it.

https://doc.rust-lang.org/reference/items/modules.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_MOST_FILES = 5000
_MOST_BYTES = 2 * 1024 * 1024
# Comments and texts; a lifetime is no character.
_ASIDE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<marks>\#*)".*?"(?P=marks)|b?"(?P<text>(?:\\.|[^"\\])*)"|b?'(?:\\[^']+|\\'|[^'\\\n])'""",
    re.DOTALL | re.VERBOSE,
)
_PLAIN = re.compile(r"[\w./-]+")
_TOKEN = re.compile(
    r"(?P<attribute>\#!?\[(?:[^\[\]]|\[[^\[\]]*\])*\])|\bmod\s+(?P<module>(?:r\#)?\w+)\s*(?P<opens>[;{])"
    r"|\bfn\s+(?P<function>(?:r\#)?\w+)|(?P<mark>[{};])",
    re.VERBOSE,
)
_PATH = re.compile(r'\bpath\s*=\s*"([^"]+)"')
# `#[test]`, `#[tokio::test]`, `#[tokio::test(flavor = "...")]`
_TEST = re.compile(r"#\[\s*(?:\w+\s*::\s*)*test\s*[\](]")


class Place(NamedTuple):
    """Place of a test: its file, and its name within it."""

    file: str
    name: str


@dataclass(frozen=True)
class Modules:
    """Modules of one program with their files, and the tests seen in them.

    Names are libtest's: ``cart::tests::adds``; the root module is "".
    """

    files: Mapping[str, str]
    tests: tuple[str, ...]

    def locate(self, test: str) -> Place:
        """Say where a test stands: in the innermost known module of its name.

        One that a macro writes stands where the macro is called.
        """
        module = test
        while module not in self.files:
            module = module.rpartition("::")[0]
        return Place(self.files[module], test[len(module) :].removeprefix("::"))


def read_modules(tree: Path, root: str) -> Modules:
    """Read a program's files from its root file on. Blocking."""
    reader = _Reader(tree, {"": root})
    reader.read(root, posixpath.dirname(root), ())
    return Modules(reader.files, tuple(reader.tests))


@dataclass
class _Reader:
    tree: Path
    files: dict[str, str]
    tests: list[str] = field(default_factory=list)

    def read(self, file: str, folder: str, outer: tuple[str, ...]) -> None:
        """Read a file whose own modules lie in ``folder``."""
        for names, item, attributes in _list_items(_load(self.tree / file)):
            name = "::".join((*outer, *names, item.removeprefix("fn ")))
            parts = [part.removeprefix("r#") for part in (*names, item)]
            if item.startswith("fn "):
                self.tests += [name] if _TEST.search(attributes) else []
                continue
            chosen = _PATH.search(attributes)
            if chosen is not None:
                here = posixpath.join(folder, *parts[:-1]) if names else posixpath.dirname(file)
                places = [(posixpath.join(here, chosen[1]), posixpath.dirname(posixpath.join(here, chosen[1])))]
            else:
                inner = posixpath.join(folder, *parts)
                places = [(f"{inner}.rs", inner), (f"{inner}/mod.rs", inner)]
            for place, below in places:
                self._enter(name, posixpath.normpath(place), below, (*outer, *names, item))

    def _enter(self, name: str, file: str, folder: str, path: tuple[str, ...]) -> None:
        fits = name not in self.files and len(self.files) < _MOST_FILES and len(path) < 50
        if fits and not file.startswith("..") and (self.tree / file).is_file():
            self.files[name] = file
            self.read(file, folder, path)


def _list_items(text: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield modules that lie in other files, and functions.

    Each with the inline modules around it and its attributes.
    """
    blocks: list[str] = []
    attributes = ""
    for token in _TOKEN.finditer(text):
        names = tuple(name for name in blocks if name)
        if token["attribute"]:
            attributes += token["attribute"]
            continue
        if token["function"]:
            yield names, f"fn {token['function']}", attributes
        elif token["opens"] == ";":
            yield names, token["module"], attributes
        elif token["opens"] == "{" or token["mark"] == "{":
            blocks.append(token["module"] or "")
        elif token["mark"] == "}" and blocks:
            blocks.pop()
        attributes = ""


def _load(path: Path) -> str:
    """Return a file without comments and without texts that mislead."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return ""

    def keep(match: re.Match[str]) -> str:
        text = match["text"] or ""
        return f'"{text}"' if _PLAIN.fullmatch(text) else '""'

    return _ASIDE.sub(keep, path.read_text(errors="replace"))
