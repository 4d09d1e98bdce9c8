"""Follow names through a tree of modules: imports, stars, aliases and base classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.surface.modules import Module, find_modules
from bot.surface.scopes import Definition, Function, Scope, leaves, read_scope
from bot.surface.source import dotted_name

_DEEPEST = 40  # imports or bases followed in a row; what needs more goes in circles
# what adds no name to a class, or none that anybody asks for
_PLAIN = {"dataclass", "final", "total_ordering", "define", "frozen", "runtime_checkable"}
_EMPTY = {"object", "abc.ABC", "abc.ABCMeta", "typing.Protocol", "typing.Generic", "typing_extensions.Protocol"}


@dataclass(frozen=True)
class Place:
    """Place where a dotted name is defined; without nodes it is a module."""

    module: Module
    name: str = ""  # in the module, with its classes
    nodes: tuple[Definition, ...] = ()

    @property
    def dotted(self) -> str:
        """Return the full name by which it is defined."""
        return f"{self.module.name}.{self.name}" if self.name else self.module.name

    @property
    def is_class(self) -> bool:
        return bool(self.nodes) and isinstance(self.nodes[-1], ast.ClassDef)


@dataclass(frozen=True)
class External:
    """A name of another distribution, or one that nothing here defines.

    ``absent``: certainly nothing does. A file that cannot be parsed, a ``__getattr__`` or a base class from elsewhere
    may have any name.
    """

    name: str
    absent: bool = field(default=False, compare=False)


Found = Place | External


class Tree:
    """The modules of one commit.

    ``syntax`` maps each path to its syntax tree, None where the file cannot be parsed; it may parse on demand.
    """

    def __init__(self, syntax: Mapping[str, ast.Module | None]) -> None:
        self.modules = find_modules(syntax)
        self._syntax = syntax
        self._scopes: dict[str, Scope] = {}
        self._opaque: set[str] = set()  # modules whose file cannot be parsed
        self._members: dict[tuple[str, str], dict[str, Place]] = {}

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Return the names that modules lie below."""
        return frozenset(name[: dot.start()] for name in self.modules for dot in re.finditer(r"\.", name))

    @property
    def unread(self) -> tuple[str, ...]:
        """Return the paths of files that cannot be parsed."""
        return tuple(sorted(path for path, tree in self._syntax.items() if tree is None))

    def scope(self, module: str) -> Scope:
        """Return what a module binds; nothing where it cannot be parsed."""
        known = self._scopes.get(module)
        if known is None:
            found = self.modules[module]
            tree = self._syntax[found.path]
            if tree is None:
                self._opaque.add(module)
            known = self._scopes[module] = read_scope(tree.body if tree is not None else [], found)
        return known

    def find(self, dotted: str, depth: int = 0) -> Found:
        """Find the definition that a full dotted name means."""
        parts = dotted.split(".")
        for cut in range(len(parts), 0, -1):
            module = self.modules.get(".".join(parts[:cut]))
            if module is not None:
                return self._descend(Place(module), parts[cut:], dotted, depth)
        return External(dotted)

    def locate(self, module: str, dotted: str, depth: int = 0) -> Found:
        """Find what an expression ``a.b.c`` means in a module's scope."""
        return self._descend(Place(self.modules[module]), dotted.split("."), dotted, depth)

    def _descend(self, place: Found, parts: list[str], dotted: str, depth: int) -> Found:
        for index, part in enumerate(parts):
            if isinstance(place, External):
                return External(".".join([place.name, *parts[index:]]), place.absent)
            inner = self._member(place, part, depth)
            if inner is None:
                return External(dotted, self._lacks(place, part, depth))
            place = inner
        return place

    def _member(self, place: Place, name: str, depth: int) -> Found | None:
        if place.is_class:
            return self.members(place).get(name)
        if depth > _DEEPEST:
            return External(name)
        return None if place.nodes else self._bound(place.module, name, depth + 1)

    def _bound(self, module: Module, name: str, depth: int) -> Found | None:
        """Find what a module's own name is bound to."""
        scope = self.scope(module.name)
        if name in scope.definitions:
            nodes = tuple(scope.definitions[name])
            return self._aliased(module, name, nodes, depth) or Place(module, name, nodes)
        if name in scope.imports and scope.imports[name].target != f"{module.name}.{name}":
            return self.find(scope.imports[name].target, depth)
        if (submodule := self.modules.get(f"{module.name}.{name}")) is not None:
            return Place(submodule)
        for star in scope.stars if depth <= _DEEPEST else []:
            if star in self.modules and star != module.name and self.exports(star, name, depth + 1):
                return self._bound(self.modules[star], name, depth + 1)
        return None

    def _aliased(self, module: Module, name: str, nodes: tuple[Definition, ...], depth: int) -> Place | None:
        """Follow ``old = new`` where that means a class or function."""
        if len(nodes) != 1 or not isinstance(nodes[0], ast.Assign) or depth > _DEEPEST:
            return None
        written = dotted_name(nodes[0].value)
        if not written or written == name or written.startswith(f"{name}."):
            return None
        found = self.locate(module.name, written, depth + 1)
        defined = isinstance(found, Place) and found.nodes and not isinstance(found.nodes[-1], ast.Assign)
        return found if isinstance(found, Place) and defined else None

    def exports(self, module: str, name: str, depth: int = 0) -> bool:
        """Return whether ``from module import *`` binds a name."""
        scope = self.scope(module)
        if scope.exports is None:
            return not name.startswith("_") and self._bound(self.modules[module], name, depth + 1) is not None
        if name in scope.exports.names or not scope.exports.whole:
            return True
        lists = (self.locate(module, written, depth + 1) for written in scope.exports.of if depth <= _DEEPEST)
        return any(
            isinstance(found, Place) and not found.nodes and self.exports(found.module.name, name, depth + 1)
            for found in lists
        )

    def _lacks(self, place: Place, name: str, depth: int) -> bool:
        """Return whether a name that was not found in a place cannot be there."""
        if place.nodes:
            return place.is_class and name not in dir(object) and self._is_closed(place, depth)
        scope, module = self.scope(place.module.name), place.module.name
        if depth > _DEEPEST or module in self._opaque or "__getattr__" in scope.definitions:
            return False
        if f"{module}.{name}" in self._folders:  # without a file of its own
            return False
        places = [Place(self.modules[star]) if star in self.modules else None for star in scope.stars]
        return all(place is not None and self._lacks(place, name, depth + 1) for place in places)

    def _is_closed(self, place: Place, depth: int) -> bool:
        """Return whether a class has no names but those that can be read."""
        node = place.nodes[-1]
        assert isinstance(node, ast.ClassDef), "only a class has members"
        called = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
        made = {dotted_name(one).rpartition(".")[2] for one in called} - _PLAIN
        metas = [
            self.locate(place.module.name, dotted_name(one.value)) for one in node.keywords if dotted_name(one.value)
        ]
        foreign = any(isinstance(meta, External) and meta.name not in _EMPTY for meta in metas)
        scope = read_scope(node.body, place.module)
        answers = scope.definitions.keys() & {"__getattr__", "__getattribute__"}
        if len(place.nodes) > 1 or made or foreign or answers or scope.imports or depth > _DEEPEST:
            return False
        return all(
            self._is_closed(base, depth + 1) if isinstance(base, Place) and base.is_class else _is_empty(base)
            for base in self.bases(place)
        )

    def members(self, place: Place, depth: int = 0) -> dict[str, Place]:
        """Return the members of a class by name, inherited ones included."""
        key = (place.module.name, place.name)
        if key not in self._members:
            self._members[key] = self._collect_members(place, depth)
        return self._members[key]

    def _collect_members(self, place: Place, depth: int) -> dict[str, Place]:
        node = place.nodes[-1]
        assert isinstance(node, ast.ClassDef), "only a class has members"
        own = read_scope(node.body, place.module).definitions
        found = {name: Place(place.module, f"{place.name}.{name}", tuple(nodes)) for name, nodes in own.items()}
        for name, attribute in _instance_attributes(node):
            found.setdefault(name, Place(place.module, f"{place.name}.{name}", (attribute,)))
        for base in self.bases(place) if depth <= _DEEPEST else []:
            if isinstance(base, Place) and base.is_class:
                found = self.members(base, depth + 1) | found
        return found

    def bases(self, place: Place) -> list[Found]:
        """Return the base classes of a class, in order."""
        node = place.nodes[-1]
        assert isinstance(node, ast.ClassDef), "only a class has bases"
        written = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
        return [
            self.locate(place.module.name, name) if (name := dotted_name(base)) else External(ast.unparse(base))
            for base in written
        ]


def _is_empty(base: Found) -> bool:
    return isinstance(base, External) and base.name.partition("[")[0] in _EMPTY


def _instance_attributes(node: ast.ClassDef) -> Iterator[tuple[str, Definition]]:
    """Yield what methods assign to attributes of their first parameter."""
    for method in node.body:
        if not isinstance(method, Function) or not (method.args.posonlyargs or method.args.args):
            continue
        owner = (method.args.posonlyargs or method.args.args)[0].arg
        for statement in ast.walk(method):
            if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
                continue
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for name in map(dotted_name, leaves(targets)):
                if name.startswith(f"{owner}.") and name.count(".") == 1:
                    yield name.partition(".")[2], statement
