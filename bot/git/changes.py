"""Keep work in progress as a set of file changes on top of a commit."""

from __future__ import annotations

from pydantic import Field

from bot.types import JsonModel


class Changes(JsonModel):
    """Changed files; line ends and byte order mark stay, written as UTF-8."""

    files: dict[str, str | None] = Field(default_factory=dict)  # new text by path, None where the file is deleted

    def without(self, paths: frozenset[str]) -> Changes:
        return Changes(files={path: text for path, text in self.files.items() if path not in paths})


NO_CHANGES = Changes()
