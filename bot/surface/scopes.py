"""Collect what the body of a module or class binds, without following anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.surface.modules import Module
from bot.surface.source import dotted_name, statements

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.AugAssign
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """A name that an import binds."""

    target: str  # the dotted name that it means
    explicit: bool  # ``import x as x``, which says that it is meant for others


@dataclass
class Scope:
    """The names that one body binds, by where they come from."""

    definitions: dict[str, list[Definition]] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)  # modules of which everything is imported
    exports: Exports | None = None


@dataclass
class Exports:
    """Content of ``__all__``: names, and expressions for those of modules."""

    names: set[str] = field(default_factory=set)
    of: list[str] = field(default_factory=list)  # ``other`` for ``other.__all__``
    whole: bool = True  # False where a part of it is computed


def read_scope(body: Sequence[ast.stmt], module: Module) -> Scope:
    """Collect the bindings of a body of ``module``."""
    scope = Scope()
    for statement in statements(body):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.definitions.setdefault(statement.name, []).append(statement)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                _add_assignment(scope, statement)
            case ast.Import():
                for alias in statement.names:
                    target = alias.name if alias.asname else alias.name.partition(".")[0]
                    scope.imports[alias.asname or target] = Import(target, alias.asname == alias.name)
            case ast.ImportFrom():
                _add_imports(scope, statement, module)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")), args=[added])):
                scope.exports = scope.exports or Exports()
                _add_exports(scope.exports, added)
            case ast.Delete():
                for target_node in statement.targets:
                    scope.definitions.pop(dotted_name(target_node), None)
                    scope.imports.pop(dotted_name(target_node), None)
    return scope


def _add_imports(scope: Scope, statement: ast.ImportFrom, module: Module) -> None:
    origin = module.absolute(statement.level, statement.module or "")
    for alias in statement.names:
        if alias.name == "*":
            scope.stars.append(origin)
        else:
            scope.imports[alias.asname or alias.name] = Import(f"{origin}.{alias.name}", alias.asname == alias.name)


def list_imported(body: Iterable[ast.stmt], module: Module) -> Iterator[str]:
    """Yield the full names that import statements name; for ``*`` the module."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = module.absolute(node.level, node.module or "")
            yield from (origin if alias.name == "*" else f"{origin}.{alias.name}" for alias in node.names)


def _add_assignment(scope: Scope, statement: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for name in [leaf.id for leaf in leaves(targets) if isinstance(leaf, ast.Name)]:
        scope.definitions.setdefault(name, []).append(statement)
        if name == "__all__" and statement.value is not None:
            if scope.exports is None or not isinstance(statement, ast.AugAssign):
                scope.exports = Exports()
            _add_exports(scope.exports, statement.value)


def leaves(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Yield what the targets of an assignment bind, unpacked."""
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from leaves(target.elts)
        else:
            yield target.value if isinstance(target, ast.Starred) else target


def _add_exports(exports: Exports, value: ast.expr) -> None:
    """Add what an expression brings to ``__all__``."""
    match value:
        case ast.List() | ast.Tuple() | ast.Set():
            for element in value.elts:
                _add_exports(exports, element)
        case ast.Constant(value=str(name)):
            exports.names.add(name)
        case ast.BinOp(op=ast.Add()):
            _add_exports(exports, value.left)
            _add_exports(exports, value.right)
        case ast.Starred(value=inner):
            _add_exports(exports, inner)
        case ast.Attribute(attr="__all__"):
            exports.of.append(dotted_name(value.value))
        case _:
            exports.whole = False
