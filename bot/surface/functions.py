"""Find the functions that a change changes, adds, removes or moves."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bot.surface.scopes import Function
from bot.surface.source import parse


def find_changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the functions of ``before`` that ``after`` has not as they were.

    Their dotted names are given by path. A docstring, a comment or the layout makes no difference.
    """
    changed = {}
    for path, text in before.items():
        kept = read_functions(after.get(path, ""))
        names = tuple(name for name, code in read_functions(text).items() if kept.get(name) != code)
        if names:
            changed[path] = names
    return changed


def read_functions(text: str) -> dict[str, str]:
    """Return the functions of a module by dotted name, each as what it does."""
    tree = parse(text)
    return {} if tree is None else {name: _meaning(node) for name, node in list_functions(tree)}


def list_functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, Function]]:
    """Yield the functions and methods of a module with their dotted names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{inside}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from list_functions(node, f"{inside}{node.name}.")
        else:
            yield from list_functions(node, inside)


def body_lines(node: Function) -> set[int]:
    """Return the lines of a function's statements, without its docstring."""
    body = node.body[ast.get_docstring(node) is not None :]
    return {one.lineno for statement in body for one in ast.walk(statement) if isinstance(one, ast.stmt)}


def _meaning(node: Function) -> str:
    """Return a function's syntax without docstring and positions.

    Level by level, as deep nesting would exhaust the stack of ``ast.dump``.
    """
    body = node.body[ast.get_docstring(node) is not None :]
    parts = (part for root in (node.args, *node.decorator_list, *body) for part in ast.walk(root))
    return "\n".join(f"{type(part).__name__} {[_shape(value) for _, value in ast.iter_fields(part)]}" for part in parts)


def _shape(value: object) -> object:
    """Return a plain value as it is, of others how many nodes they are."""
    if isinstance(value, list):
        return [_shape(one) for one in value]
    return type(value) if isinstance(value, ast.AST) else value
