"""Resolve names in the code of a commit: by imports, star imports, re-exports and base classes.

What cannot be known is ``unknown``, never ``absent``: a file this Python does not parse, a module with a
``__getattr__``, what comes from another project.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from bot.documentation.modules import Module, Symbol, module_names, read_module
from bot.documentation.snapshot import Snapshot, is_test

Found = Literal["found", "absent", "unknown"]

_WORD = re.compile(r"[A-Za-z_]\w*")
_LITERAL = re.compile(r"[\w./:{}<>*-]{2,100}")
_MODULE = re.compile(r"(?:src/|lib/)?\w+\.py")
_SCRIPTS = frozenset(("setup", "noxfile", "conf", "conftest", "tasks", "manage", "fabfile"))
# longer chains of imports and base classes are cycles
_DEPTH = 12


class Codebase:
    """The modules of a commit, each parsed once and only when it is asked for.

    ``like`` is another commit of the repository: what is the same there is not parsed again.
    """

    def __init__(self, snapshot: Snapshot, like: Codebase | None = None) -> None:
        self.snapshot = snapshot
        self._like = like
        self._files: dict[str, str] = {}
        for path, name in module_names(frozenset(snapshot.python)).items():
            # a stub beside its module says less than the module does
            if name not in self._files or path.endswith(".py"):
                self._files[name] = path
        self._modules: dict[str, Module | None] = {}

    @cached_property
    def packages(self) -> frozenset[str]:
        """Return the first parts of the names that modules are imported by.

        A file outside of packages is a script, unless it lies where a module is installed from.
        """
        return frozenset(
            name.partition(".")[0]
            for name, path in self._files.items()
            if path.endswith("__init__.py") or (_MODULE.fullmatch(path) and name not in _SCRIPTS)
        )

    @cached_property
    def foreign(self) -> frozenset[str]:
        """Return the names that others' modules are imported by."""
        imported = {name for module in self.modules() for name, origin in module.imports.items() if name == origin}
        return frozenset((imported | sys.stdlib_module_names) - self.packages)

    def modules(self) -> Iterator[Module]:
        """Yield every module that parses."""
        for name in self._files:
            module = self.module(name)
            if module is not None:
                yield module

    def module(self, name: str) -> Module | None:
        """Return a module by its dotted name; None where none parses."""
        path = self._files.get(name)
        if path is None:
            return None
        if name not in self._modules:
            self._modules[name] = self._read(path, name)
        return self._modules[name]

    def resolve(self, dotted: str) -> Found:
        """Say whether a dotted name exists; another project's is ``unknown``."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1) if parts[0] in self.packages else ():
            name = ".".join(parts[:length])
            if name in self._files or self._is_folder(name):
                return self._resolve_in(name, parts[length:], _DEPTH)
        return "unknown"

    def symbols(self, last: str) -> tuple[tuple[Module, Symbol], ...]:
        """Return the definitions whose last name is ``last``, with modules."""
        return tuple(self._by_last.get(last, ()))

    def defines(self, word: str) -> bool:
        """Say whether a word names a definition, parameter, import or module.

        A literal of this name keeps it, as code that looks names up holds them so; so does any
        occurrence in a file that does not parse.
        """
        return word in self._names

    def has_parameter(self, name: str) -> bool:
        """Say whether any function has a parameter of this name."""
        return name in self._parameters

    def says(self, literal: str) -> bool:
        """Say whether code, a script or settings hold a string like this."""
        return literal in self._literals or literal in self._said_elsewhere

    def is_literal(self, literal: str) -> bool:
        """Say whether a module that parses holds a string like this."""
        return literal in self._literals

    @cached_property
    def _by_last(self) -> dict[str, list[tuple[Module, Symbol]]]:
        found: dict[str, list[tuple[Module, Symbol]]] = defaultdict(list)
        for module in self.modules():
            for symbol in module.symbols.values():
                found[symbol.last].append((module, symbol))
        return found

    @cached_property
    def _names(self) -> frozenset[str]:
        names = {*self._by_last, *self._parameters}
        for module in self.modules():
            # what is imported from here and is gone keeps no name
            names.update(name.rpartition(".")[2] for name, origin in module.imports.items() if self._may_hold(origin))
            names |= module.literals
        for name in self._files:
            names.update(name.split("."))
        for path in self._unparsed:
            names.update(_WORD.findall(self.snapshot.texts[path]))
        return frozenset(names)

    @cached_property
    def _parameters(self) -> frozenset[str]:
        symbols = (symbol for module in self.modules() for symbol in module.symbols.values())
        return frozenset(one.name for symbol in symbols for one in symbol.parameters)

    @cached_property
    def _literals(self) -> frozenset[str]:
        return frozenset().union(*(module.literals for module in self.modules()))

    @cached_property
    def _said_elsewhere(self) -> frozenset[str]:
        # what only tests name is no part of the product
        product = (text for path, text in self.snapshot.others.items() if not is_test(path))
        texts = [*product, *(self.snapshot.texts[path] for path in self._unparsed)]
        return frozenset(word for text in texts for word in _LITERAL.findall(text))

    @cached_property
    def _unparsed(self) -> tuple[str, ...]:
        return tuple(path for name, path in self._files.items() if self.module(name) is None)

    def _read(self, path: str, name: str) -> Module | None:
        text = self.snapshot.texts[path]
        if self._like is not None and self._like.snapshot.texts.get(path) == text:
            known = self._like.module(name)
            if known is not None and known.path == path:
                return known
        return read_module(path, name, text)

    def _may_hold(self, origin: str) -> bool:
        return origin.partition(".")[0] not in self.packages or self.resolve(origin) == "found"

    def _is_folder(self, name: str) -> bool:
        return any(one.startswith(f"{name}.") for one in self._files)

    def _resolve_in(self, module_name: str, rest: list[str], depth: int) -> Found:
        """Resolve the rest of a name in a module."""
        if not rest:
            return "found"
        module = self.module(module_name)
        if module is None:
            return "unknown"  # not parsed, or a folder without a file of its own
        first = rest[0]
        if first in module.symbols:
            return self._resolve_member(module, module.symbols[first], rest[1:], depth)
        if f"{module_name}.{first}" in self._files or self._is_folder(f"{module_name}.{first}"):
            return self._resolve_in(f"{module_name}.{first}", rest[1:], depth)
        if not depth:
            return "unknown"
        if first in module.imports:
            return self._resolve_again([*module.imports[first].split("."), *rest[1:]], depth)
        outcomes = {self._resolve_again([*star.split("."), *rest], depth) for star in module.stars}
        return _best(outcomes | {"unknown" if module.dynamic else "absent"})

    def _resolve_again(self, parts: list[str], depth: int) -> Found:
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            if name in self._files:
                return self._resolve_in(name, parts[length:], depth - 1)
        return "unknown"

    def _resolve_member(self, module: Module, symbol: Symbol, rest: list[str], depth: int) -> Found:
        if not rest:
            return "found"
        if symbol.kind != "class":
            return "unknown"  # the value of an attribute, or what a function has
        members = self._members(module.name, symbol.name, depth)
        inner = module.symbols.get(f"{symbol.name}.{rest[0]}")
        if inner is not None:
            return self._resolve_member(module, inner, rest[1:], depth)
        if members is None:
            return "unknown"
        if rest[0] not in members:
            return "absent"
        return "unknown" if rest[1:] else "found"

    def _members(self, module_name: str, qualified: str, depth: int) -> frozenset[str] | None:
        """Collect own and inherited names; None where a base is unknown."""
        module = self.module(module_name)
        if module is None or not depth or qualified not in module.symbols:
            return None
        symbol = module.symbols[qualified]
        # a decorator or a metaclass may add anything
        if symbol.decorators and set(symbol.decorators) - {"dataclass", "final", "total_ordering", "define", "frozen"}:
            return None
        names = {one.removeprefix(f"{qualified}.") for one in module.symbols if one.startswith(f"{qualified}.")}
        if names & {"__getattr__", "__getattribute__"}:
            return None
        for base in symbol.bases:
            inherited = self._base_members(module, base.partition("[")[0], depth - 1)
            if inherited is None:
                return None
            names |= inherited
        return frozenset(names | set(dir(object)))

    def _base_members(self, module: Module, base: str, depth: int) -> frozenset[str] | None:
        if base in {"object", "Protocol", "Generic", "ABC", "abc.ABC", "typing.Protocol", "typing.Generic"}:
            return frozenset()
        if base in module.symbols:
            return self._members(module.name, base, depth)
        origin, _, rest = base.partition(".")
        dotted = ".".join(filter(None, (module.imports.get(origin, ""), rest)))
        place = self._find_class(dotted, depth)
        return None if place is None else self._members(*place, depth)

    def _find_class(self, dotted: str, depth: int) -> tuple[str, str] | None:
        """Follow re-exports to the module that defines a class."""
        module_name, _, name = dotted.rpartition(".")
        module = self.module(module_name)
        if module is None or not depth:
            return None
        if name in module.symbols:
            return module_name, name
        if name in module.imports:
            return self._find_class(module.imports[name], depth - 1)
        places = (self._find_class(f"{star}.{name}", depth - 1) for star in module.stars)
        return next((place for place in places if place is not None), None)


def _best(outcomes: set[Found]) -> Found:
    """Return what places say together: found, else unknown, else absent."""
    if "found" in outcomes:
        return "found"
    return "unknown" if "unknown" in outcomes else "absent"
