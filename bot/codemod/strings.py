"""Sort the strings of a module by what they stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

from bot.surface.source import dotted_name

# calls whose second argument names an attribute of the first
_ATTRIBUTE_CALLS = frozenset(("getattr", "setattr", "hasattr", "delattr", "object"))
_EXPORT_CALLS = frozenset(("__all__.append", "__all__.extend", "__all__.remove"))


@dataclass(frozen=True)
class Word:
    """A string that names something: of its owner, or of the module."""

    node: ast.Constant
    owner: ast.expr | None = None


def read_words(tree: ast.Module) -> Iterator[Word]:
    """Yield strings in ``__all__``, in annotations, and names of attributes."""
    for node in ast.walk(tree):
        for part in _naming(node):
            yield from (Word(one) for one in ast.walk(part) if _is_string(one))
        if isinstance(node, ast.Call) and len(node.args) > 1:
            name = node.args[1]
            called = dotted_name(node.func).rpartition(".")[2]
            if called in _ATTRIBUTE_CALLS and isinstance(name, ast.Constant) and _is_string(name):
                yield Word(name, node.args[0])


def _naming(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node whose strings name things of its module."""
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.AugAssign(target=ast.Name(id="__all__")):
            yield node.value
        case ast.AnnAssign(target=target):
            yield node.annotation
            if isinstance(target, ast.Name) and target.id == "__all__" and node.value is not None:
                yield node.value
        case ast.arg(annotation=ast.expr() as annotation):
            yield annotation
        case ast.FunctionDef(returns=ast.expr() as returns) | ast.AsyncFunctionDef(returns=ast.expr() as returns):
            yield returns
        case ast.Call() if dotted_name(node.func) in _EXPORT_CALLS:
            yield from node.args
        case ast.Call() if dotted_name(node.func).rpartition(".")[2] == "cast":
            yield from node.args[:1]


def list_keys(tree: ast.Module) -> list[ast.Constant]:
    """Return the strings that are keys of mappings: data, never a name."""
    keys: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys += node.keys
        elif isinstance(node, ast.Subscript):
            keys.append(node.slice)
        elif isinstance(node, ast.MatchMapping):
            keys += node.keys
    return [key for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def _is_string(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
