"""Count what a refactoring may promise to lessen: lines, branches, imports, repeated lines."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum

from bot.surface.scopes import Function
from bot.surface.source import parse

_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp, ast.match_case, ast.comprehension)
_WINDOW = 6  # fewer equal lines in a row are no duplicate


class Measure(StrEnum):
    """A figure of a function, a file, or all files."""

    LINES = "lines"
    BRANCHES = "branches"
    IMPORTS = "imports"
    DUPLICATES = "duplicates"


def measure(files: Mapping[str, str], what: Measure, function: str = "") -> int | None:
    """Measure files together, or the function of that name in them.

    None where a file cannot be parsed, no function has the name, or a function is asked for imports or duplicates.
    """
    trees = [parse(text) for text in files.values()]
    if any(tree is None for tree in trees):
        return None
    nodes = [tree for tree in trees if tree is not None]
    if function:
        found = [inner for tree in nodes for inner in _functions(tree, function)]
        return _of_function(found[0], what) if len(found) == 1 else None
    if what is Measure.DUPLICATES:
        return _repeated_lines(files)
    if what is Measure.LINES:
        return sum(len(_code_lines(text)) for text in files.values())
    return sum(_branches(tree) if what is Measure.BRANCHES else _imports(tree) for tree in nodes)


def _functions(tree: ast.AST, wanted: str, inside: str = "") -> Iterator[Function]:
    """Yield the functions called ``wanted``, which may begin with their class."""
    for node in ast.iter_child_nodes(tree):
        name = inside
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{inside}.{node.name}".removeprefix(".")
            if not isinstance(node, ast.ClassDef) and wanted in {name, node.name}:
                yield node
        yield from _functions(node, wanted, name)


def _of_function(node: Function, what: Measure) -> int | None:
    if what is Measure.BRANCHES:
        return _branches(node)
    if what is not Measure.LINES:
        return None
    body = node.body[ast.get_docstring(node) is not None :]
    return 1 + sum(len(_code_lines(ast.unparse(statement))) for statement in body)


def _branches(tree: ast.AST) -> int:
    """Count decisions: branches, loops, handlers, and each ``and`` or ``or``."""
    nodes = list(ast.walk(tree))
    operators = sum(len(node.values) - 1 for node in nodes if isinstance(node, ast.BoolOp))
    return operators + sum(isinstance(node, _BRANCHES) for node in nodes)


def _imports(tree: ast.AST) -> int:
    return sum(len(node.names) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def _code_lines(text: str) -> list[str]:
    """Return the lines that are neither empty nor a comment, trimmed."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _repeated_lines(files: Mapping[str, str]) -> int:
    """Count lines that stand in a run of equal lines somewhere else too."""
    windows: Counter[tuple[str, ...]] = Counter()
    texts = [_code_lines(text) for text in files.values()]
    for lines in texts:
        windows.update(_windows(lines))
    repeated = 0
    for lines in texts:
        starts = [start for start, window in enumerate(_windows(lines)) if windows[window] > 1]
        repeated += len({line for start in starts for line in range(start, start + _WINDOW)})
    return repeated


def _windows(lines: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(lines[start : start + _WINDOW]) for start in range(len(lines) - _WINDOW + 1))
