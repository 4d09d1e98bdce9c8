"""Read the facts of a Python module: its symbols, signatures, docstrings, imports and literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.surface.modules import Module as Named
from bot.surface.outline import outline
from bot.surface.scopes import list_imported, read_scope
from bot.surface.source import parse, statements

Kind = Literal["class", "function", "attribute"]
Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

# a literal that names something: an identifier, an option, a route, a variable of the environment
_NAMING = re.compile(r"[\w./:{}<>*-]{1,100}")


class Parameter(NamedTuple):
    """A parameter as it is written, with its default."""

    name: str
    kind: Literal["positional", "plain", "args", "keyword", "kwargs"]
    default: str | None = None
    annotation: str = ""


class Docstring(NamedTuple):
    """The value of a docstring, and the lines of its literal."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Symbol:
    """A definition; ``name`` is qualified within its module."""

    name: str
    kind: Kind
    line: int
    parameters: tuple[Parameter, ...] = ()
    returns: str = ""
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    docstring: Docstring | None = None

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def is_public(self) -> bool:
        """Return whether no part of its name begins with an underscore."""
        return not any(part.startswith("_") for part in self.name.split("."))

    @property
    def is_method(self) -> bool:
        """Return whether it is a function of a class."""
        return self.kind == "function" and "." in self.name


@dataclass
class Module:
    """Facts of a module: what it defines, imports and says."""

    path: str
    name: str
    symbols: dict[str, Symbol] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)  # name here -> dotted name it stands for
    imported: list[str] = field(default_factory=list)  # dotted names as import statements tell them
    exports: frozenset[str] | None = None  # ``__all__``, where it is a list of literals
    literals: frozenset[str] = frozenset()  # short strings that may name something
    docstring: Docstring | None = None
    outline: ast.Module | None = None  # for those who follow names


def read_module(path: str, named: Named, text: str) -> Module | None:
    """Read a module's facts; None where it cannot be parsed."""
    tree = parse(text)
    if tree is None:
        return None
    scope = read_scope(tree.body, named)
    module = Module(path, named.name)
    module.imports = {name: one.target for name, one in scope.imports.items()}
    module.imported = list(list_imported(statements(tree.body), named))
    if scope.exports is not None and scope.exports.whole and not scope.exports.of:
        module.exports = frozenset(scope.exports.names)
    module.docstring = read_docstring(tree)
    module.literals = frozenset(_literals(tree))
    _Reader(module).read(tree.body, "")
    module.outline = outline(tree)
    return module


def read_docstring(node: Documented) -> Docstring | None:
    """Return a node's docstring with its indentation taken away."""
    text = ast.get_docstring(node)
    if text is None:
        return None
    literal = node.body[0]
    return Docstring(text, literal.lineno, literal.end_lineno or literal.lineno)


def _literals(tree: ast.Module) -> Iterator[str]:
    prose: set[ast.expr] = set()
    for node in ast.walk(tree):
        if isinstance(node, Documented) and node.body and isinstance(node.body[0], ast.Expr):
            prose.add(node.body[0].value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            yield from (part for part in re.split(r"[\s,]|/(?=--)", node.value[:400]) if _NAMING.fullmatch(part))


class _Reader:
    """Collector of the facts of statements, those under conditions included."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def read(self, body: Sequence[ast.stmt], container: str) -> None:
        for node in body:
            if isinstance(node, Function):
                self._read_function(node, container)
            elif isinstance(node, ast.ClassDef):
                self._read_class(node, container)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                self._read_assignment(node, container)
            else:
                for inner in _bodies(node):
                    self.read(inner, container)

    def _add(self, symbol: Symbol) -> None:
        known = self._module.symbols.get(symbol.name)
        # the first of overloads, of alternatives, of a property and its setter; an implementation beats an overload
        if known is None or "overload" in known.decorators or known.kind == "attribute":
            self._module.symbols[symbol.name] = symbol

    def _read_function(self, node: Function, container: str) -> None:
        name = _join(container, node.name)
        self._add(
            Symbol(
                name,
                "function",
                node.lineno,
                parameters=tuple(read_parameters(node.args)),
                returns=_written(node.returns),
                decorators=tuple(_decorator(one) for one in node.decorator_list),
                docstring=read_docstring(node),
            )
        )
        if container:
            for attribute, line in _own_attributes(node):
                self._add(Symbol(_join(container, attribute), "attribute", line))

    def _read_class(self, node: ast.ClassDef, container: str) -> None:
        name = _join(container, node.name)
        bases = tuple(_written(base) for base in node.bases)
        decorators = tuple(_decorator(one) for one in node.decorator_list)
        self._add(
            Symbol(name, "class", node.lineno, bases=bases, decorators=decorators, docstring=read_docstring(node))
        )
        self.read(node.body, name)

    def _read_assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign, container: str) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(part, ast.Name):
                    self._add(Symbol(_join(container, part.id), "attribute", node.lineno))


def _bodies(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """Yield the blocks of a compound statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for handler in getattr(node, "handlers", []):
        yield handler.body


def _own_attributes(node: Function) -> Iterator[tuple[str, int]]:
    """Yield what a method assigns to its first parameter."""
    if not node.args.args:
        return
    own = node.args.args[0].arg
    stored = (one for one in ast.walk(node) if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store))
    for one in stored:
        if isinstance(one.value, ast.Name) and one.value.id == own:
            yield one.attr, one.lineno


def read_parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    """Yield the parameters in the order they are written."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + [ast.unparse(one) for one in arguments.defaults]
    for number, (one, default) in enumerate(zip(plain, defaults, strict=True)):
        kind: Literal["positional", "plain"] = "positional" if number < len(arguments.posonlyargs) else "plain"
        yield Parameter(one.arg, kind, default, _written(one.annotation))
    if arguments.vararg is not None:
        yield Parameter(arguments.vararg.arg, "args", None, _written(arguments.vararg.annotation))
    for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Parameter(one.arg, "keyword", None if value is None else ast.unparse(value), _written(one.annotation))
    if arguments.kwarg is not None:
        yield Parameter(arguments.kwarg.arg, "kwargs", None, _written(arguments.kwarg.annotation))


def _decorator(node: ast.expr) -> str:
    return _written(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


def _written(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


def _join(container: str, name: str) -> str:
    return f"{container}.{name}" if container else name
