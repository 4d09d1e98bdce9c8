"""Find what each name in a module refers to, by Python's rules of scopes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.surface.modules import Module
from bot.surface.source import dotted_name

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Reference:
    """An expression ``a.b.c`` and the full dotted name that it stands for."""

    node: ast.Name | ast.Attribute
    written: str
    meaning: str


@dataclass(frozen=True)
class _Scope:
    """Names that a function or class binds; imports by what they mean."""

    names: dict[str, str]  # "" for what is no import
    is_class: bool = False


@dataclass
class References(ast.NodeVisitor):
    """All references of a module, and the names that are bound in it."""

    module: Module
    found: list[Reference] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    _scopes: list[_Scope] = field(default_factory=list)

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name | ast.Attribute):
            self._visit_name(node)
        elif isinstance(node, _FUNCTIONS):
            self._visit_function(node)
        elif isinstance(node, ast.ClassDef):
            self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
            self._inside(node.body, _Scope(_bindings(node.body, self.module), is_class=True))
        elif isinstance(node, _COMPREHENSIONS):
            targets = [generator.target for generator in node.generators]
            self._inside(ast.iter_child_nodes(node), _Scope(_bindings(targets, self.module)))
        else:
            self.generic_visit(node)

    def _visit_name(self, node: ast.Name | ast.Attribute) -> None:
        written = dotted_name(node)
        if not written:
            self.generic_visit(node)
            return
        first, dot, rest = written.partition(".")
        if meaning := self.meaning(first):
            self.found.append(Reference(node, written, f"{meaning}{dot}{rest}"))

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        present = [argument for argument in every if argument is not None]
        outside = [argument.annotation for argument in present if argument.annotation is not None]
        self._visit_all([*outside, *arguments.defaults, *(default for default in arguments.kw_defaults if default)])
        if isinstance(node, ast.Lambda):
            body: list[ast.AST] = [node.body]
        else:
            self._visit_all([*node.decorator_list, *([node.returns] if node.returns else [])])
            body = list(node.body)
        names = {argument.arg: "" for argument in present} | _bindings(body, self.module)
        self._inside(body, _Scope(names))

    def _inside(self, nodes: Iterable[ast.AST], scope: _Scope) -> None:
        self._scopes.append(scope)
        self.bound |= scope.names.keys()
        self._visit_all(nodes)
        self._scopes.pop()

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def meaning(self, name: str) -> str:
        """Return the full dotted name that a name means here, "" for a local."""
        for depth, scope in enumerate(reversed(self._scopes)):
            if name in scope.names and not (scope.is_class and depth):
                return scope.names[name]
        return f"{self.module.name}.{name}"


def _bindings(body: Iterable[ast.AST], module: Module) -> dict[str, str]:
    """Return the names that a body binds itself, imports by what they mean."""
    names: dict[str, str] = {}
    outer: set[str] = set()
    imports: dict[str, str] = {}
    for node in _own_nodes(body):
        match node:
            case ast.Name(ctx=ast.Store() | ast.Del()):
                names[node.id] = ""
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names[node.name] = ""
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names[name] = ""
            case ast.Global() | ast.Nonlocal():
                outer.update(node.names)
            case ast.Import():
                for alias in node.names:
                    target = alias.name if alias.asname else alias.name.partition(".")[0]
                    imports[alias.asname or target] = target
            case ast.ImportFrom():
                origin = module.absolute(node.level, node.module or "")
                imports |= {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names}
    return {name: target for name, target in (names | imports).items() if name not in outer}


def _own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes of a body without those of scopes inside of it."""
    for node in body:
        yield node
        if not isinstance(node, (*_FUNCTIONS, *_COMPREHENSIONS, ast.ClassDef)):
            yield from _own_nodes(ast.iter_child_nodes(node))


def read_references(tree: ast.Module, module: Module) -> References:
    """Find the references of a module."""
    references = References(module)
    references.bound |= _bindings(tree.body, module).keys()
    references.visit(tree)
    return references
