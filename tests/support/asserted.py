"""What the assert statements of a test file hold against what was seen: read from the syntax, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def list_asserted(path: Path, test: str = "") -> set[str]:
    """Return the strings in the asserts of a test, of all functions by default.

    Where an assert names a parameter, a loop's variable or what was unpacked, the strings that it stands for count.
    """
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, _Function) and test in {"", node.name}]
    known = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {text for function in functions for text in _read(function, known)}


def _read(function: _Function, known: dict[str, ast.expr]) -> Iterator[str]:
    bound = dict(_bind(function, known))
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield from _strings(node.test)
            names = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
            yield from (text for name in names for value in bound.get(name, ()) for text in _strings(value))


def _bind(function: _Function, known: dict[str, ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    """Yield the names of a test that stand for values written in its file."""
    for node in (*function.decorator_list, *ast.walk(function)):
        match node:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[names, values, *_]):
                yield from _spread(_names(names), _values(values, known))
            case ast.For(target=target, iter=values):
                yield from _spread(_names(target), _values(values, known))
            case ast.Assign(targets=[ast.Tuple() as target], value=ast.Subscript(value=ast.Name(id=name))):
                yield from _spread(_names(target), _values(known.get(name), known))


def _names(node: ast.expr) -> list[str]:
    """Return the names that are bound, of parameters as of variables."""
    match node:
        case ast.Constant(value=str(text)):
            return [name.strip() for name in text.split(",")]
        case ast.Name(id=name):
            return [name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [name for part in parts for name in _names(part)]
    return []


def _values(node: ast.expr | None, known: dict[str, ast.expr]) -> list[ast.expr]:
    match node:
        case ast.Name(id=name):
            return _values(known.get(name), {})
        case ast.Dict(values=values):
            return values
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return parts
    return []


def _spread(names: list[str], values: list[ast.expr]) -> Iterator[tuple[str, list[ast.expr]]]:
    if len(names) == 1:
        yield names[0], values
        return
    rows = [value.elts for value in values if isinstance(value, ast.Tuple | ast.List)]
    for at, name in enumerate(names):
        yield name, [row[at] for row in rows if at < len(row)]


def _strings(node: ast.AST) -> Iterator[str]:
    """Yield the strings that are compared; the message of an assert is none."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
