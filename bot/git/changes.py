"""Keep work in progress as a set of file changes on top of a commit."""

from __future__ import annotations

from pydantic import Field

from bot.types import JsonModel


class Changes(JsonModel):
    """An immutable set of changed files.

    ``files`` maps a path to its new text, or to None where the file is deleted. Text keeps its line ends and byte order
    mark; it is written as UTF-8.
    """

    files: dict[str, str | None] = Field(default_factory=dict)

    def without(self, paths: frozenset[str]) -> Changes:
        return Changes(files={path: text for path, text in self.files.items() if path not in paths})


NO_CHANGES = Changes()
