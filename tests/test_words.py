"""Check how the code reads.

Docstrings of functions begin with a verb, expressions are flat, functions are short. Ruff's pydocstyle rules know an
imperative only by its ending; these words it lets pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NO_VERBS = frozenset(
    [
        "a",
        "all",
        "an",
        "as",
        "each",
        "every",
        "her",
        "his",
        "how",
        "its",
        "one",
        "our",
        "see",
        "that",
        "the",
        "their",
        "these",
        "they",
        "this",
        "those",
        "we",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "your",
    ]
)
NO_NOUNS = frozenset(["how", "what", "when", "where", "whether", "who", "whom", "whose", "why"])
LONGEST_FUNCTION = 60
LONGEST_SUMMARY = 72  # characters; reasons, shapes and errors stand below the first line


def room_of(path: Path) -> str:
    """``bot/<room>`` or ``bot/<module>.py``; ``handlers``."""
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "bot" else parts[0]


FILES: dict[str, list[Path]] = {}
for folder in ("bot", "handlers"):
    for found in sorted((ROOT / folder).rglob("*.py")):
        FILES.setdefault(room_of(found), []).append(found)
ROOMS = list(FILES)


@dataclass(frozen=True)
class Part:
    """A class, a function or a conditional expression, with its file and line; ``summary`` is its first line."""

    where: str
    kind: type[ast.AST]
    name: str
    summary: str
    lines: int
    nested: bool


@cache
def parts(room: str) -> list[Part]:
    """What the tests look at in the room's syntax trees, read once: a tree of all nodes is large."""
    return [part for path in FILES[room] for part in _parts(path)]


def _parts(path: Path) -> Iterator[Part]:
    file = path.relative_to(ROOT)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            summary = (ast.get_docstring(node) or "").partition("\n")[0]
            lines = (node.end_lineno or 0) - node.lineno + 1
            yield Part(f"{file}:{node.lineno}", type(node), node.name, summary, lines, nested=False)
        elif isinstance(node, ast.IfExp):
            yield Part(f"{file}:{node.lineno}", ast.IfExp, "", "", 1, nested=holds_nested_conditional(node))


def holds_nested_conditional(node: ast.AST) -> bool:
    """Return whether a conditional expression has another one in its branches or its condition, however deep."""
    return isinstance(node, ast.IfExp) and any(
        isinstance(part, ast.IfExp) for part in ast.walk(node) if part is not node
    )


def first_word(text: str) -> str:
    word = re.match(r"\W*(\w+)", text)
    return word[1].lower() if word else ""


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_of_functions_begin_with_a_verb(room: str) -> None:
    functions = [part for part in parts(room) if part.kind is not ast.ClassDef]
    assert [f"{part.where} {part.summary}" for part in functions if first_word(part.summary) in NO_VERBS] == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_of_classes_begin_with_a_noun(room: str) -> None:
    classes = [part for part in parts(room) if part.kind is ast.ClassDef]
    assert [f"{part.where} {part.summary}" for part in classes if first_word(part.summary) in NO_NOUNS] == []


@pytest.mark.parametrize("room", ROOMS)
def test_first_lines_are_short(room: str) -> None:
    assert [f"{part.where} {part.summary}" for part in parts(room) if len(part.summary) > LONGEST_SUMMARY] == []


@pytest.mark.parametrize("room", ROOMS)
def test_conditional_expressions_are_not_nested(room: str) -> None:
    assert [part.where for part in parts(room) if part.nested] == []


@pytest.mark.parametrize(
    "text",
    [
        "a if b else c if d else e",
        "(a if b else c) if d else e",
        "a if (b if c else d) else e",
        "read(a if b else c) if d else e",
        "a if b else [c if d else e]",
    ],
)
def test_nested_conditional_expressions_are_found_anywhere(text: str) -> None:
    assert holds_nested_conditional(ast.parse(text, mode="eval").body)


def test_conditional_expressions_beside_each_other_are_not_nested() -> None:
    text = "read(a if b else c, d if e else f)"
    assert not any(holds_nested_conditional(node) for node in ast.walk(ast.parse(text)))


@pytest.mark.parametrize("room", ROOMS)
def test_functions_are_short(room: str) -> None:
    functions = [part for part in parts(room) if part.kind is not ast.ClassDef]
    assert [f"{part.where} {part.name}" for part in functions if part.lines > LONGEST_FUNCTION] == []
