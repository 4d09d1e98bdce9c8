"""Say which names of a tree are its API, and how firmly each is promised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum

from bot.surface.modules import Module
from bot.surface.source import is_private
from bot.surface.tree import External, Place, Tree

DOCUMENTS = (".md", ".rst", ".txt", ".adoc")
_NO_API = re.compile(
    r"(^|/)(tests?|testing|docs?|examples?|benchmarks?|scripts?|tools|build|conftest\.py|setup\.py|test_\w+\.py|\w+_test\.py)(/|$)"
)
_NAME = r"[A-Za-z_]\w*(?:\.\w+)*"
# code spans, roles and directives of either markup, and dotted names in running text
_MENTION = re.compile(
    rf"(?<!`)`+~?({_NAME})(?:\(\))?`|\.\. \w+:\w*:? *:?({_NAME})|::: *({_NAME})|\b([A-Za-z_]\w*(?:\.\w+)+)\b"
)
_WHOLE_MODULE = re.compile(rf"(?:automodule::|^::: ) *({_NAME})", re.MULTILINE)


class Level(StrEnum):
    """A degree of promise, the firmest first."""

    DOCUMENTED = "documented"  # in ``__all__``, in a package root, or named by the documentation
    INTERNAL = "internal"  # importable, and promised nowhere
    PRIVATE = "private"


class Mentions:
    """The names that documentation mentions."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self._names: set[str] = set()
        self._modules: set[str] = set()
        for text in documents.values():
            self._names |= {name for groups in _MENTION.findall(text) for name in groups if name}
            self._modules |= set(_WHOLE_MODULE.findall(text))

    def name(self, dotted: str) -> bool:
        """Return whether a name is mentioned, by any of its endings."""
        parts = dotted.split(".")
        endings = (".".join(parts[start:]) for start in range(len(parts)))
        return ".".join(parts[:-1]) in self._modules or any(ending in self._names for ending in endings)


def list_api(tree: Tree, mentions: Mentions) -> dict[str, Level]:
    """Return every name that a tree's packages offer, with its level."""
    found: dict[str, Level] = {}
    for module in tree.modules.values():
        if _NO_API.search(module.path):
            continue
        found[module.name] = _level_of_module(module, mentions)
        for name in _offered(tree, module):
            level = _level(tree, module, name, mentions)
            found[f"{module.name}.{name}"] = level
            found |= dict(_list_members(tree, tree.locate(module.name, name), f"{module.name}.{name}", level))
    return found


def _offered(tree: Tree, module: Module) -> Iterator[str]:
    """Yield the names that a module has for others.

    What it imports for its own use is none of them; what a package's ``__init__`` imports from the tree is.
    """
    scope = tree.scope(module.name)
    yield from (name for name in scope.definitions if name != "__all__")
    for name, imported in scope.imports.items():
        ours = module.is_package and isinstance(tree.find(imported.target), Place) and not is_private(name)
        if imported.explicit or ours or (scope.exports is not None and name in scope.exports.names):
            yield name
    for star in scope.stars if module.is_package else []:
        if star in tree.modules:
            names = tree.scope(star).exports
            listed = names.names if names is not None else {*tree.scope(star).definitions, *tree.scope(star).imports}
            yield from (name for name in listed if tree.exports(star, name))


def _list_members(
    tree: Tree, found: Place | External, dotted: str, level: Level, depth: int = 0
) -> Iterator[tuple[str, Level]]:
    if isinstance(found, External) or not found.is_class or depth > 5:
        return
    for name, member in tree.members(found).items():
        inner = Level.PRIVATE if is_private(name) else level
        yield f"{dotted}.{name}", inner
        yield from _list_members(tree, member, f"{dotted}.{name}", inner, depth + 1)


def _level(tree: Tree, module: Module, name: str, mentions: Mentions) -> Level:
    if is_private(f"{module.name}.{name}"):
        return Level.PRIVATE
    exports = tree.scope(module.name).exports
    is_root = module.is_package and "." not in module.name
    promised = exports is not None and name in exports.names
    if promised or (is_root and exports is None) or mentions.name(f"{module.name}.{name}"):
        return Level.DOCUMENTED
    return Level.INTERNAL


def _level_of_module(module: Module, mentions: Mentions) -> Level:
    if is_private(module.name):
        return Level.PRIVATE
    is_root = module.is_package and "." not in module.name
    return Level.DOCUMENTED if is_root or mentions.name(module.name) else Level.INTERNAL
