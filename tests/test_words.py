"""Check how the code reads.

Docstrings of functions begin with a verb, expressions are flat, functions are short. Ruff's pydocstyle rules know an
imperative only by its ending; these words it lets pass.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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


def nodes(room: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of the room's syntax trees, with its file and line."""
    for path in FILES[room]:
        for node in ast.walk(ast.parse(path.read_text())):
            yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", node


def summary(node: ast.AST) -> str:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ""
    return (ast.get_docstring(node) or "").partition("\n")[0]


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
    functions = [(where, node) for where, node in nodes(room) if not isinstance(node, ast.ClassDef)]
    assert [f"{where} {summary(node)}" for where, node in functions if first_word(summary(node)) in NO_VERBS] == []


@pytest.mark.parametrize("room", ROOMS)
def test_docstrings_of_classes_begin_with_a_noun(room: str) -> None:
    classes = [(where, node) for where, node in nodes(room) if isinstance(node, ast.ClassDef)]
    assert [f"{where} {summary(node)}" for where, node in classes if first_word(summary(node)) in NO_NOUNS] == []


@pytest.mark.parametrize("room", ROOMS)
def test_first_lines_are_short(room: str) -> None:
    long = [f"{where} {summary(node)}" for where, node in nodes(room) if len(summary(node)) > LONGEST_SUMMARY]
    assert long == []


@pytest.mark.parametrize("room", ROOMS)
def test_conditional_expressions_are_not_nested(room: str) -> None:
    assert [where for where, node in nodes(room) if holds_nested_conditional(node)] == []


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
    long = [
        f"{where} {node.name}"
        for where, node in nodes(room)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []
