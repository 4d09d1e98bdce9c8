"""Share what all sections of an organisation's file are made of: strict values, and patterns of names."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import ConfigDict, Field

from bot.types import JsonModel

REPOSITORY = ".github"
PATH = "forgehand.yml"
FILE = f"{PATH} of {REPOSITORY}"
Names = Annotated[tuple[str, ...], Field(max_length=1000)]


class Strict(JsonModel):
    """A section in which an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def is_named(patterns: Iterable[str], name: str) -> bool:
    """Return True where one of the patterns is about a name.

    Case does not count. A name is a pattern of itself, also one such as ``dependabot[bot]``.
    """
    folded = name.casefold()
    return any(folded == pattern or fnmatchcase(folded, pattern) for pattern in map(str.casefold, patterns))
