"""Compare the API of two trees: one record for each fact that changed."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from bot.surface.facts import Facts, describe
from bot.surface.levels import DOCUMENTS, Level, Mentions, list_api
from bot.surface.source import parse
from bot.surface.tree import Place, Tree


@dataclass(frozen=True)
class Change:
    """One fact of a name before and after, "" where there is none."""

    name: str
    level: Level
    fact: str  # "added" and "removed" are of the name itself
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.fact in {"added", "removed"}:
            return f"{self.name}: {self.fact}"
        return f"{self.name}: {self.fact}: {self.before or 'none'} -> {self.after or 'none'}"


@dataclass(frozen=True)
class Comparison:
    """All changes, the firmest level first, and files that nobody could read."""

    changes: tuple[Change, ...]
    unread: tuple[str, ...]  # no change of these is known, which is not the same as none

    def at(self, level: Level) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.level is level)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> Comparison:
    """Compare two trees, given as the texts of their Python and documents.

    Levels are those of ``before``, so that no change can lower the level of what it changes.
    """
    syntax = {path: parse(text) for path, text in before.items() if path.endswith(".py")}
    old = Tree(syntax)
    new = Tree({path: _reuse(path, text, before, syntax) for path, text in after.items() if path.endswith(".py")})
    mentions = Mentions({path: text for path, text in before.items() if path.endswith(DOCUMENTS)})
    levels = list_api(old, mentions)
    changes = [change for name, level in levels.items() for change in _changes(old, new, name, level)]
    offered = list_api(new, mentions).items()
    changes += [Change(name, level, "added") for name, level in offered if name not in levels and not _known(old, name)]
    order = list(Level)
    changes.sort(key=lambda change: (order.index(change.level), change.name))
    return Comparison(tuple(changes), tuple(sorted({*old.unread, *new.unread})))


def _reuse(
    path: str, text: str, before: Mapping[str, str], syntax: Mapping[str, ast.Module | None]
) -> ast.Module | None:
    return syntax[path] if before.get(path) == text else parse(text)


def _changes(old: Tree, new: Tree, name: str, level: Level) -> list[Change]:
    was = _facts(old, name)
    now = _facts(new, name)
    if not now:
        return [Change(name, level, "removed")]
    return [
        Change(name, level, fact, was.get(fact, ""), now.get(fact, ""))
        for fact in {**was, **now}
        if was.get(fact, "") != now.get(fact, "")
    ]


def _facts(tree: Tree, name: str) -> Facts:
    """Return the facts of a name, none where the tree does not know it."""
    found = tree.find(name)
    module, _, last = name.rpartition(".")
    if not isinstance(found, Place):
        return describe(tree, found) if found.name != name else {}
    starred = module in tree.modules and tree.exports(module, last)
    return describe(tree, found) | {"exported by *": "yes" if starred else "no"}


def _known(tree: Tree, name: str) -> bool:
    return bool(_facts(tree, name))
