"""Rename a module or symbol over a whole repository: code first, then strings and documents."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from bot.codemod.code import rename_in_code
from bot.codemod.target import CannotRename, Rename, Target
from bot.codemod.texts import Mentions
from bot.git.changes import Changes
from bot.surface.levels import DOCUMENTS


class Codemod:
    """A rename in one tree of texts, ready to be carried out.

    ``unreadable`` are the paths of other files, which cannot be moved. Raises :class:`CannotRename`.
    """

    def __init__(self, files: Mapping[str, str], wanted: Rename, unreadable: Collection[str] = ()) -> None:
        self.target = Target(files, wanted)
        self._moved = _moved(self.target, files, unreadable)
        word = re.compile(rf"\b{re.escape(self.target.old_last)}\b")
        self.concerned = {path: text for path, text in files.items() if path in self._moved or word.search(text)}
        modules = self.target.tree.modules.values()
        self._modules = {module.path: module for module in modules if module.path in self.concerned}
        self._binding = [module.name for module in self._modules.values() if self._binds(module.name)]
        unique = not self.target.is_module and _is_unique(self.target.old_last, self.concerned)
        self._mentions = Mentions(self.target, self._binding, unique=unique)

    def _binds(self, module: str) -> bool:
        return not self.target.is_module and self.target.bound_in(module)

    def changes(self) -> Changes:
        """Return what the rename changes."""
        changed: dict[str, str | None] = {}
        for path, text in self.concerned.items():
            module = self._modules.get(path)
            coded = rename_in_code(self.target, module, text) if module is not None else text
            renamed = self.rename_mentions(path, coded)
            if path in self._moved:
                changed[path] = None
            if path in self._moved or renamed != text:
                changed[self._moved.get(path, path)] = renamed
        return Changes(files=changed)

    def rename_mentions(self, path: str, text: str) -> str:
        """Rename in strings, comments and documents of a file."""
        module = self._modules.get(path)
        if path.endswith(".py"):
            examples = module is not None and module.name in self._binding
            return self._mentions.rename_in_python(text, examples=examples)
        return self._mentions.rename_in_document(path, text)


def _is_unique(name: str, files: Mapping[str, str]) -> bool:
    """Return whether a name is defined or assigned only once in all files."""
    defined = re.compile(
        rf"^[ \t]*(?:(?:async\s+def|def|class)\s+{name}\b|(?:\w+\.)*{name}[ \t]*[:=][^=])", re.MULTILINE
    )
    return sum(len(defined.findall(text)) for path, text in files.items() if path.endswith(".py")) == 1


def _moved(target: Target, files: Mapping[str, str], unreadable: Collection[str]) -> dict[str, str]:
    """Return the new path of each file that moves with a module."""
    if not target.is_module:
        return {}
    if target.new_parent and target.new_parent not in target.tree.modules:
        raise CannotRename(f"There is no package `{target.new_parent}`; make it first, or choose another name.")
    path = target.module.path
    pages = _moved_pages(target, files)
    if not target.module.is_package:
        return {**pages, path: _renamed_path(path.removesuffix(".py"), target) + ".py"}
    folder = path.rpartition("/")[0]
    if stuck := [other for other in unreadable if other.startswith(f"{folder}/")]:
        raise CannotRename(
            f"{stuck[0]} is not text and would have to move with `{target.old}`; move the package by hand."
        )
    new = _renamed_path(folder, target)
    return pages | {one: new + one.removeprefix(folder) for one in files if one.startswith(f"{folder}/")}


def _moved_pages(target: Target, files: Mapping[str, str]) -> dict[str, str]:
    """Return new paths of documents that are called as the module is."""
    found = {}
    for path in files:
        folder, slash, name = path.rpartition("/")
        if name.startswith(f"{target.old}.") and name.endswith(DOCUMENTS):
            found[path] = f"{folder}{slash}{target.new}{name.removeprefix(target.old)}"
    return found


def _renamed_path(path: str, target: Target) -> str:
    return path.removesuffix(target.old.replace(".", "/")) + target.new.replace(".", "/")
