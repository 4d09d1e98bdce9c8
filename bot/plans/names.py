"""Look up the paths and names that a plan rests on: each must exist, or be said to be new."""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

from bot.plans.records import Plan

_CODE = re.compile(r"`([^`\n]{1,200})`")
_CALL = re.compile(r"(?:\w+\.)*(\w+)\(.*\)")
_DOTTED = re.compile(r"(\w+)(?:\.\w+)*\.(\w+)")
_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+|[\w-]+\.[a-z]{1,4}")


class Code(Protocol):
    """A commit, as far as names in it are looked up."""

    @property
    def paths(self) -> Collection[str]: ...

    def defining(self, name: str) -> Collection[str]:
        """Return the paths that define this name, without what it is part of."""
        ...

    def speaks(self, name: str) -> bool:
        """Return whether any file holds the name as a word."""
        ...

    def mentions(self, path: str, name: str) -> bool:
        """Return whether this file holds the name as a word."""
        ...


@dataclass(frozen=True)
class NameCheck:
    """The names of one plan against one commit."""

    plan: Plan
    code: Code

    def faults(self) -> Iterator[str]:
        """Yield what does not exist and is not said to be new, in words."""
        yield from self._list_files()
        yield from self._list_names()
        yield from dict.fromkeys(self._list_spans())

    def _list_files(self) -> Iterator[str]:
        for file in self.plan.files:
            there = file.path in self.code.paths
            if file.new and there:
                yield f"`{file.path}` is said to be new, but it exists."
            elif not file.new and not there:
                yield f"`{file.path}` does not exist. Name a file that does, or say that it is new."

    def _list_names(self) -> Iterator[str]:
        new_paths = {file.path for file in self.plan.files if file.new}
        for one in self.plan.names:
            last = one.name.rpartition(".")[2]
            homes = self.code.defining(last)
            if one.path not in self.code.paths and one.path not in new_paths:
                yield f"`{one.name}` is placed in `{one.path}`, which neither exists nor is said to be new."
            elif not one.new and one.path not in homes and not self.code.mentions(one.path, last):
                yield f"`{one.path}` does not define `{one.name}`. Look it up, or say that it is new."
            elif one.new and one.path in homes:
                yield f"`{one.name}` is said to be new, but `{one.path}` defines it."

    def _list_spans(self) -> Iterator[str]:
        """Check what stands as code in the plan's sentences."""
        known_paths = {*self.code.paths, *(file.path for file in self.plan.files)}
        names = {path.rpartition("/")[2] for path in known_paths}
        folders = {path[: at + 1] for path in known_paths for at in range(len(path)) if path[at] == "/"}
        for span in _CODE.findall(self.plan.prose):
            called = _CALL.fullmatch(span)
            dotted = _DOTTED.fullmatch(span)
            path = _PATH.fullmatch(span)
            if called is not None and not self._is_known(called[1]):
                yield f"`{span}` is named, but nothing of that name is defined or said to be new."
            elif "/" in span and path is not None and not {span, f"{span}/"} & {*known_paths, *folders}:
                yield f"`{span}` is named, but there is no such path and it is not said to be new."
            elif dotted is not None and self._is_ours(dotted[1], folders, names) and not self._is_known(dotted[2]):
                yield f"`{span}` is named, but it does not exist and is not said to be new."

    def _is_ours(self, first: str, folders: Collection[str], names: Collection[str]) -> bool:
        """Return whether a dotted name begins with something of this repository."""
        return any(folder.split("/")[-2] == first for folder in folders) or f"{first}.py" in names

    def _is_known(self, name: str) -> bool:
        new = self.plan.new_names
        return name in new or hasattr(builtins, name) or bool(self.code.defining(name)) or self.code.speaks(name)
