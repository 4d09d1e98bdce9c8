"""Describe a definition as facts that only change when its callers can tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bot.surface.modules import Module
from bot.surface.scopes import Definition, Function
from bot.surface.source import dotted_name, is_private, parse
from bot.surface.tree import External, Found, Place, Tree

Facts = dict[str, str]
_KINDS = {"property": "property", "cached_property": "property", "staticmethod": "static method",
          "classmethod": "class method"}  # fmt: skip
_COMPUTED = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Await, ast.Yield, ast.Lambda)


def describe(tree: Tree, found: Found) -> Facts:
    """Return the facts of what a name means, by the name of each fact."""
    if isinstance(found, External):
        return {"kind": "import", "of": found.name}
    if not found.nodes:
        return {"kind": "module"}
    merged: Facts = {}
    for node in found.nodes:
        for fact, said in _describe_node(tree, Place(found.module, found.name, (node,)), node):
            known = merged.get(fact, "")
            merged[fact] = f"{known} or {said}" if known and said and known != said else known or said
    return merged


def _describe_node(tree: Tree, place: Place, node: Definition) -> Iterator[tuple[str, str]]:
    if isinstance(node, Function):
        return _describe_function(_Writer(tree, place.module), place, node)
    if isinstance(node, ast.ClassDef):
        return _describe_class(_Writer(tree, place.module), place, node)
    return _describe_value(_Writer(tree, place.module), node)


def _describe_function(writer: _Writer, place: Place, node: Function) -> Iterator[tuple[str, str]]:
    decorators = [writer.write(decorator) for decorator in node.decorator_list]
    kinds = [_KINDS[name] for written in decorators if (name := written.rpartition(".")[2]) in _KINDS]
    is_method = "." in place.name
    yield "kind", (kinds or ["method" if is_method else "function"])[0]
    yield "decorators", ", ".join(written for written in decorators if written.rpartition(".")[2] not in _KINDS)
    yield "async", "yes" if isinstance(node, ast.AsyncFunctionDef) else ""
    yield "generator", "yes" if _yields(node) else ""
    yield "returns", writer.annotation(node.returns)
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    bound = is_method and "static method" not in kinds and bool(positional)
    yield "parameters", _write_parameters(arguments, "self" if bound else "")
    for argument in [*positional[bound:], *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
        if argument is not None and argument.annotation is not None:
            yield f"annotation of {argument.arg}", writer.annotation(argument.annotation)
    defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    defaults |= {arg: value for arg, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value}
    for argument, default in defaults.items():
        yield f"default of {argument.arg}", writer.write(default)


def _write_parameters(arguments: ast.arguments, owner: str) -> str:
    """Write parameters with their kinds; ``=`` marks an optional one."""
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    names = [argument.arg + "=" * (index >= required) for index, argument in enumerate(positional)]
    if owner:
        names[0] = owner  # whatever it is called, no caller names it
    only = len(arguments.posonlyargs)
    written = [*names[:only], "/", *names[only:]] if only else names
    if arguments.vararg is not None:
        written.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        written.append("*")
    # their order is nobody's business
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    written += sorted(argument.arg + "=" * (default is not None) for argument, default in keywords)
    if arguments.kwarg is not None:
        written.append(f"**{arguments.kwarg.arg}")
    return ", ".join(written)


def _yields(node: ast.AST) -> bool:
    """Return whether a function's own body yields, not one inside of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        inner = isinstance(child, Function | ast.ClassDef | ast.Lambda | ast.GeneratorExp)
        if not inner and _yields(child):
            return True
    return False


def _describe_class(writer: _Writer, place: Place, node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    yield "kind", "class"
    yield "decorators", ", ".join(map(writer.write, node.decorator_list))
    yield "bases", ", ".join(dict.fromkeys(_public_bases(writer, place, node)))
    for keyword in node.keywords:
        yield f"keyword {keyword.arg or '**'}", writer.write(keyword.value)
    if node.decorator_list or node.bases:  # their order may be that of a generated ``__init__``
        fields = [
            one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        ]
        yield "order of fields", ", ".join(fields)


def _public_bases(writer: _Writer, place: Place, node: ast.ClassDef, depth: int = 0) -> Iterator[str]:
    """Yield the bases that others can name; a private one stands for its own."""
    for base, found in zip(node.bases, writer.tree.bases(place), strict=True):
        hidden = isinstance(found, Place) and found.is_class and is_private(found.name)
        if hidden and isinstance(found, Place) and depth < 20:
            inner = found.nodes[-1]
            assert isinstance(inner, ast.ClassDef), "only a class is a hidden base"
            yield from _public_bases(_Writer(writer.tree, found.module), found, inner, depth + 1)
        else:
            yield writer.write(base)


def _describe_value(writer: _Writer, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> Iterator[tuple[str, str]]:
    yield "kind", "value"
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if isinstance(node, ast.AnnAssign):
        yield "annotation", writer.annotation(node.annotation)
    if isinstance(target, ast.Attribute):
        return  # of an instance: what it holds is the business of the tests
    yield "value", "" if node.value is None else writer.write(node.value)


@dataclass(frozen=True)
class _Writer:
    """Write expressions so that only their meaning shows, seen from a module."""

    tree: Tree
    module: Module

    def write(self, node: ast.expr) -> str:
        """Write an expression, with literal constants of the tree filled in."""
        try:
            return ast.unparse(_Meaning(self, constants=True).visit(_copy(node)))
        except RecursionError:
            return f"{sum(1 for _ in ast.walk(node))} nested parts"

    def annotation(self, node: ast.expr | None) -> str:
        """Write an annotation; quotes around it mean nothing."""
        return "" if node is None else ast.unparse(_Meaning(self, constants=False).visit(_unquote(node)))


class _Meaning(ast.NodeTransformer):
    """Replace names by what they mean, however they were imported.

    Names of other distributions are written in full; those of the tree as they end, so that a definition may move. A
    name that means a literal becomes that literal where ``constants`` is set.
    """

    def __init__(self, writer: _Writer, *, constants: bool) -> None:
        self._writer = writer
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._replace(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if dotted_name(node):
            return self._replace(node)
        self.generic_visit(node)
        return node

    def _replace(self, node: ast.Name | ast.Attribute) -> ast.expr:
        found = self._writer.tree.locate(self._writer.module.name, dotted_name(node))
        if isinstance(found, External):
            return ast.Name(found.name)
        literal = _literal(found) if self._constants else None
        return literal or ast.Name(found.name or found.module.name.rpartition(".")[2])


def _literal(place: Place) -> ast.expr | None:
    """Return the literal that a module's name is bound to once, or None."""
    value = place.nodes[0].value if len(place.nodes) == 1 and isinstance(place.nodes[0], ast.Assign) else None
    if value is None or any(isinstance(part, _COMPUTED) for part in ast.walk(value)):
        return None
    return value


def _copy(node: ast.expr) -> ast.expr:
    """Copy an expression, as transforming changes it in place."""
    return ast.parse(ast.unparse(node), mode="eval").body


def _unquote(node: ast.expr) -> ast.expr:
    """Copy an annotation without the quotes of forward references."""
    copied = _copy(node)
    if isinstance(copied, ast.Constant) and isinstance(copied.value, str):
        inner = parse(copied.value)
        if inner is not None and len(inner.body) == 1 and isinstance(inner.body[0], ast.Expr):
            return inner.body[0].value
    return copied
