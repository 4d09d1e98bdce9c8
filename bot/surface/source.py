"""Parse Python source that may be hostile, and walk it as scopes see it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence

_LONGEST = 2_000_000  # characters; the parser takes some hundred times as many bytes


def parse(text: str) -> ast.Module | None:
    """Return the syntax tree, or None where this Python cannot parse it."""
    if len(text) > _LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes, for instance: they are the repository's business
            return ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, those of its branches and loops too.

    Functions and classes are yielded and not entered: their bodies are scopes of their own.
    """
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from statements(getattr(statement, field, []))
        for branch in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
            yield from statements(branch.body)


def every_statement(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield all statements, those of functions and classes too."""
    for statement in statements(body):
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from every_statement(statement.body)


def dotted_name(node: ast.AST | None) -> str:
    """Return ``a.b.c`` for such an expression, "" for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def is_private(name: str) -> bool:
    """Return whether a part of a dotted name has a leading underscore."""
    return any(part.startswith("_") and not (part.startswith("__") and part.endswith("__")) for part in name.split("."))
