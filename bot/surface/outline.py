"""Keep of a module's syntax what says which names it has: a small part of it, for trees of many modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from bot.surface.source import dotted_name

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Assignment = ast.Assign | ast.AnnAssign | ast.AugAssign


def outline(tree: ast.Module) -> ast.Module:
    """Cut away, in place, what functions do and what values are made of.

    Left are definitions, imports, aliases, ``__all__``, and what methods set on their first parameter.
    """
    _cut(tree.body)
    return tree


def _cut(body: Sequence[ast.stmt]) -> None:
    for statement in body:
        if isinstance(statement, _Function):
            statement.body = list(_own_attributes(statement)) or [ast.Pass()]
        elif isinstance(statement, _Assignment):
            _cut_value(statement)
        elif isinstance(statement, ast.Expr) and not _extends_all(statement.value):
            statement.value = ast.Constant(None)
        for field in ("body", "orelse", "finalbody") if not isinstance(statement, _Function) else ():
            _cut(getattr(statement, field, []))
        for branch in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
            _cut(branch.body)


def _cut_value(statement: _Assignment) -> None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    kept = any(dotted_name(target) == "__all__" for target in targets) or dotted_name(statement.value)
    if statement.value is not None and not kept:
        statement.value = ast.Constant(None)


def _extends_all(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and dotted_name(value.func).startswith("__all__.")


def _own_attributes(function: _Function) -> Iterator[ast.stmt]:
    """Yield an assignment for each attribute of the first parameter."""
    first = [*function.args.posonlyargs, *function.args.args][:1]
    for node in ast.walk(function) if first else ():
        own = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if own and isinstance(node, ast.Attribute) and dotted_name(node.value) == first[0].arg:
            yield ast.Assign(targets=[node], value=ast.Constant(None), lineno=node.lineno)
