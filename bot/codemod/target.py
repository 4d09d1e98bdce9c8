"""Say what is renamed, and whether a dotted name means it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from bot.surface.modules import Module
from bot.surface.source import parse
from bot.surface.tree import Place, Tree
from bot.types import ForgehandError, JsonModel

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class CannotRename(ForgehandError):
    """A rename that would be wrong or incomplete; nothing was changed."""


class Rename(JsonModel):
    """A module or symbol by its full dotted name, and the name it gets."""

    old: str
    new: str


class Syntax(Mapping[str, "ast.Module | None"]):
    """Syntax trees of files, parsed when they are asked for and not kept.

    Thousands of them would make each collection of garbage take longer than a parse.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {path: text for path, text in files.items() if path.endswith(".py")}

    def __getitem__(self, path: str) -> ast.Module | None:
        return parse(self._files[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


class Target:
    """The definition that is renamed, in the tree before.

    Raises :class:`CannotRename` where there is no such definition, or the new name is taken.
    """

    def __init__(self, files: Mapping[str, str], wanted: Rename) -> None:
        self.tree = Tree(Syntax(files))
        self.old, self.new = wanted.old, wanted.new
        if not _DOTTED.fullmatch(self.new) or self.old == self.new:
            raise CannotRename(
                f"`{self.new}` is not another dotted name; give the new name in full, like `package.module.name`."
            )
        found = self.tree.find(self.old)
        if not isinstance(found, Place) or "." in found.name:
            raise CannotRename(
                f"No module, function, class or variable is called `{self.old}`; give its full dotted name."
            )
        self.place = found
        if self.old != found.dotted:
            raise CannotRename(f"`{self.old}` is imported from `{found.dotted}`; rename that.")
        if isinstance(self.tree.find(self.new), Place):
            raise CannotRename(f"`{self.new}` is taken; choose another name.")
        if self.old_parent != self.new_parent and not self.is_module:
            raise CannotRename("A symbol is renamed within its module; to move one, edit and leave an import behind.")

    @property
    def is_module(self) -> bool:
        return not self.place.nodes

    @property
    def module(self) -> Module:
        return self.place.module

    @cached_property
    def old_last(self) -> str:
        return self.old.rpartition(".")[2]

    @cached_property
    def new_last(self) -> str:
        return self.new.rpartition(".")[2]

    @cached_property
    def old_parent(self) -> str:
        return self.old.rpartition(".")[0]

    @cached_property
    def new_parent(self) -> str:
        return self.new.rpartition(".")[0]

    def meant_by(self, dotted: str) -> bool:
        """Return whether a full dotted name ends as the old one and means it."""
        if dotted.rpartition(".")[2] != self.old_last:
            return False
        found = self.tree.find(dotted)
        return isinstance(found, Place) and (found.module, found.name) == (self.module, self.place.name)

    def bound_in(self, module: str) -> bool:
        """Return whether a module binds the target under its own name."""
        return self.meant_by(f"{module}.{self.old_last}")
