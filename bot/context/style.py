"""Describe how the neighbours of a file write, counted and by example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from bot.context.outline import Definition
from bot.context.record import Record
from bot.context.tree import TreeFile

_NEIGHBOURS = 8  # files read; style shows in few
# an example of two lines shows little, but is better than none
_SHORTEST = (4, 2)  # lines of an example: four or more if there is one, else two
_LONGEST = 25
_RAISED = re.compile(
    r"^\s*(?:raise|throw(?:\s+new)?)\s+([A-Z]\w*)|\breturn\s+(?:nil,\s*)?(errors\.New|fmt\.Errorf)", re.MULTILINE
)
_SNAKE = re.compile(r"_*[a-z0-9]+(?:_[a-z0-9]+)+_*")
_CAMEL = re.compile(r"[a-z]+[A-Z]\w*")


class _Index(Protocol):
    files: dict[str, TreeFile]

    def record(self, path: str) -> Record: ...

    def texts(self, paths: Iterable[str]) -> dict[str, str]: ...

    def find_tests(self, path: str) -> tuple[str, ...]: ...


def describe_style(index: _Index, path: str) -> str:
    """Describe the style a change to ``path`` should fit in with.

    A few lines of text; '' if the neighbours show nothing.
    """
    neighbours = _list_neighbours(index, path)
    texts = index.texts(neighbours)
    known = [(place, one) for place in texts for one in index.record(place).definitions if one.is_function]
    if not known:
        return ""
    pieces = [
        line for line in (_describe_naming(known), _describe_docs(known), _describe_errors(texts.values())) if line
    ]
    example = _choose_example(known)
    if example is not None:
        pieces.append(_shown("An example", *example, texts[example[0]]))
    for test in index.find_tests(path)[:1]:
        pieces += _describe_test(index, test)
    return "\n".join(pieces)


def _list_neighbours(index: _Index, path: str) -> list[str]:
    """List the file itself, then others of its language in its folder."""
    language = index.files[path].language if path in index.files else ""
    folder = PurePosixPath(path).parent
    beside = [
        other
        for other, file in index.files.items()
        if PurePosixPath(other).parent == folder and file.language == language and file.role == "code" and other != path
    ]
    return [*([path] if path in index.files else []), *sorted(beside)][:_NEIGHBOURS] if language else []


def _describe_naming(known: Sequence[tuple[str, Definition]]) -> str:
    kinds: Counter[str] = Counter()
    for _, one in known:
        kinds["snake_case"] += bool(_SNAKE.fullmatch(one.name))
        kinds["camelCase"] += bool(_CAMEL.fullmatch(one.name))
    (name, count), total = kinds.most_common(1)[0], kinds.total()
    return f"Functions are named in {name} ({count} of {total} that show it)." if count else ""


def _describe_docs(known: Sequence[tuple[str, Definition]]) -> str:
    count = sum(bool(one.doc) for _, one in known)
    return f"{count} of {len(known)} functions nearby have a docstring or comment above."


def _describe_errors(texts: Iterable[str]) -> str:
    raised = Counter(one or other for text in texts for one, other in _RAISED.findall(text))
    commonest = sorted(raised.items(), key=lambda item: (-item[1], item[0]))[:4]
    told = ", ".join(f"{name} ({count})" for name, count in commonest)
    return f"Errors are raised as {told}." if told else ""


def _choose_example(known: Sequence[tuple[str, Definition]]) -> tuple[str, Definition] | None:
    """Choose the first short function, with a docstring if most have one."""
    documented = 2 * sum(bool(one.doc) for _, one in known) > len(known)
    for shortest in _SHORTEST:
        short = [(path, one) for path, one in known if shortest <= one.end - one.start + 1 <= _LONGEST]
        fitting = [item for item in short if item[1].doc] if documented else short
        if short:
            return next(iter(fitting or short))
    return None


def _describe_test(index: _Index, test: str) -> list[str]:
    functions = [
        (test, one)
        for one in index.record(test).definitions
        if one.is_function and one.name.lower().startswith(("test", "it", "should"))
    ]
    example = _choose_example(functions)
    text = index.texts([test]).get(test)
    return [_shown("A test", *example, text)] if example is not None and text is not None else []


def _shown(what: str, path: str, one: Definition, text: str) -> str:
    lines = text.split("\n")[one.start - 1 : one.end]
    return f"{what} ({path}:{one.start}):\n" + "\n".join(lines)
