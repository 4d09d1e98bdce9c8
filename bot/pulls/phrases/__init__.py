"""Phrases by which people reject a finding, agree or leave it open: a file for each language that replies come in.

They are patterns over text that :mod:`bot.pulls.replies` has made plain: small letters, straight quotes, no short forms
of "not" in English ("won't" is "will not"). ``<NAME>`` stands for one of a file's ``parts``. A language that is missing
here rejects nothing: the finding stays open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import yaml

_NEVER = r"(?!)"
# Behind "I do not think," the clause with "that" belongs to it.
_MARKS = r"[;:()、،؛]|,(?! ?(?:что|чтобы|dass|ob)\b)|\s[-–—]+\s|—|\s/\s"
_PART = re.compile(r"<([A-Z_]+)>")


@dataclass(frozen=True)
class Language:
    """Patterns of one language."""

    rejects: str  # the finding is wrong or not wanted
    denies: str  # the same, unless something in the reply is thankful, affirms or tells of a change
    disagrees: str  # against whoever spoke before
    refuses: str  # likewise, as a whole sentence
    mends: str  # announces a fix, or admits the fault
    changes: str  # tells of a change
    praises: str  # the finding
    thanks: str  # is thankful, or affirms
    doubts: str  # take a rejection in the same clause back
    ifs: str  # a clause that begins with one does so to its neighbours
    negates: str  # turn a rejection behind them round
    turns: str  # contrast
    reasons: str  # begin a reason
    negated: str = _NEVER  # turn a rejection before them round
    spaced: bool = True  # blanks part its words

    @cached_property
    def patterns(self) -> dict[str, re.Pattern[str]]:
        """Return the compiled patterns by name."""
        edges = (r"(?<!\w)(?:", r")(?!\w)") if self.spaced else ("(?:", ")")
        names = [name for name in self.__dataclass_fields__ if name != "spaced"]
        return {name: re.compile(getattr(self, name).join(edges)) for name in names}

    @cached_property
    def breaks(self) -> re.Pattern[str]:
        """Return what parts clauses; contrast and reason are named groups."""
        turn, reason = (self.patterns[name].pattern for name in ("turns", "reasons"))
        return re.compile(f"{_MARKS}|(?P<turn>{turn})|(?P<reason>{reason})")


@cache
def read_languages() -> tuple[Language, ...]:
    """Read every file of this folder."""
    files = sorted(file.name for file in resources.files(__name__).iterdir() if file.name.endswith(".yml"))
    texts = (resources.files(__name__).joinpath(name).read_text("utf-8") for name in files)
    return tuple(_make_language(yaml.load(text, yaml.CSafeLoader)) for text in texts)


def _make_language(table: Mapping[str, Any]) -> Language:
    parts: Mapping[str, str] = table.get("parts", {})

    def join(phrases: list[str]) -> str:
        return _PART.sub(lambda found: parts[found[1]], "|".join(phrases))

    lists = {name: join(value) for name, value in table.items() if isinstance(value, list)}
    return Language(**lists, spaced=table.get("spaced", True))
