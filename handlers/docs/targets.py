"""Read what a request is about: a change, files, a name, a page that code decides, or a wish in words."""

from __future__ import annotations

import re

from bot.documentation.codebase import Codebase
from handlers.docs.records import Target

_PAGES = ("architecture", "api")
_WORD = re.compile(r"[\w./-]+")
# nobody reviews a change to more files at once
_MOST = 40


def read_target(asked: str, code: Codebase, *, is_pull: bool, told: str) -> Target:
    """Read what stands behind the command; ``told`` is the text of the issue."""
    asked = " ".join(asked.split()).strip("`")
    first = asked.partition(" ")[0].strip("`")
    if asked in _PAGES:
        return Target(kind="api" if asked == "api" else "architecture")
    if paths := _files(first, code):
        return Target(kind="files", paths=paths)
    if place := _find_symbol(first, code):
        path, symbol = place
        return Target(kind="files", paths=(path,), symbol=symbol)
    if asked or not is_pull:
        named = (path for word in _WORD.findall(f"{asked}\n{told}") for path in _files(word.strip("."), code))
        return Target(kind="text", paths=tuple(dict.fromkeys(named))[:_MOST])
    return Target(kind="change")


def _files(word: str, code: Codebase) -> tuple[str, ...]:
    """Return the pages and modules that a path names, those in a folder too."""
    word = word.strip("/")
    known = code.snapshot.prose.keys() | code.snapshot.python.keys()
    if word in known:
        return (word,)
    return tuple(sorted(path for path in known if word and path.startswith(f"{word}/")))[:_MOST]


def _find_symbol(word: str, code: Codebase) -> tuple[str, str] | None:
    """Return the file and dotted name of the one symbol that a word names."""
    module = code.module(word)
    if module is not None:
        return module.path, module.name
    last = word.rpartition(".")[2]
    dotted = [(one.path, f"{one.name}.{symbol.name}") for one, symbol in code.symbols(last)]
    fitting = [place for place in dotted if f".{place[1]}".endswith(f".{word}")]
    return fitting[0] if len(fitting) == 1 else None
