"""Resolve names in the code of a commit: by imports, star imports, re-exports and base classes.

What cannot be known is ``unknown``, never ``absent``: a file this Python does not parse, a module with a
``__getattr__``, what comes from another project.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Literal

from bot.documentation.modules import Module, Symbol, read_module
from bot.documentation.snapshot import Snapshot, is_test
from bot.surface.modules import Module as Named
from bot.surface.modules import find_modules
from bot.surface.tree import Place, Tree

Found = Literal["found", "absent", "unknown"]

_WORD = re.compile(r"[A-Za-z_]\w*")
_LITERAL = re.compile(r"[\w./:{}<>*-]{2,100}")
_MODULE = re.compile(r"(?:src/|lib/)?\w+\.py")
_SCRIPTS = frozenset(("setup", "noxfile", "conf", "conftest", "tasks", "manage", "fabfile"))


class _Outlines(Mapping[str, "ast.Module | None"]):
    """Syntax that the resolver needs of the files of a code base, by path."""

    def __init__(self, code: Codebase, paths: Collection[str]) -> None:
        self._code = code
        self._paths = paths

    def __getitem__(self, path: str) -> ast.Module | None:
        return self._code.read_outline(path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Codebase:
    """The modules of a commit, each parsed once and only when it is asked for.

    ``like`` is another commit of the repository: what is the same there is not parsed again.
    """

    def __init__(self, snapshot: Snapshot, like: Codebase | None = None) -> None:
        self.snapshot = snapshot
        self._like = like
        # a stub stands for its module where nothing else does
        files = {_name_source(path): path for path in sorted(snapshot.python, reverse=True)}
        self._named = {module.path: module for module in find_modules(files).values()}
        for path in files.keys() - self._named.keys():
            self._named[path] = Named(path, path)  # nobody can import it
        self._files = {self._named[path].name: files[path] for path in sorted(files)}
        self._modules: dict[str, Module | None] = {}
        self._tree = Tree(_Outlines(self, files.keys()))

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
        if name not in self._modules and name in self._files:
            self._modules[name] = self._read(name)
        return self._modules.get(name)

    def read_outline(self, path: str) -> ast.Module | None:
        """Return the outline of a file, None where it does not parse."""
        module = self.module(self._named[path].name)
        return None if module is None else module.outline

    def resolve(self, dotted: str) -> Found:
        """Say whether a dotted name exists; another project's is ``unknown``."""
        if dotted.partition(".")[0] not in self.packages:
            return "unknown"
        found = self._tree.find(dotted)
        if isinstance(found, Place):
            return "found"
        return "absent" if found.absent else "unknown"

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

    def _read(self, name: str) -> Module | None:
        path = self._files[name]
        text = self.snapshot.texts[path]
        if self._like is not None and self._like.snapshot.texts.get(path) == text:
            known = self._like.module(name)
            if known is not None and known.path == path:
                return known
        return read_module(path, self._named[_name_source(path)], text)

    def _may_hold(self, origin: str) -> bool:
        return origin.partition(".")[0] not in self.packages or self.resolve(origin) == "found"


def _name_source(path: str) -> str:
    """Return the path of the module that a file is, or is the stub of."""
    return path.removesuffix("i") if path.endswith(".pyi") else path
