"""Who reads what: files by risk, packed into readings of bearable length, the riskiest looked at more than once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.context.languages import language_of
from bot.context.sieve import role_of
from bot.github.text.diffs import FileDiff
from bot.pulls.records import CONCERNS, ChangedFile, Concern, Part, Reading, Risk

# Characters of shown diff: more context than some 10,000 tokens makes readers miss more.
ROOM = 36_000
_DEEP_READINGS = 4
_PASSES: tuple[tuple[Concern, ...], ...] = (("correctness",), ("security", "performance"), ("tests", "docs"))
_MANY_LINES = 150
_SENSITIVE = re.compile(
    r"auth|login|passw|secret|token|crypt|permission|privileg|admin|session|cookie|pay|billing|invoice|migrat|sql|"
    r"sanitiz|escap|deseriali|upload|subprocess|dockerfile|\.github/workflows/|deploy|terraform",
    re.IGNORECASE,
)
_DEPENDENCIES = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|requirements[^/]*\.txt|package\.json|go\.mod|cargo\.toml|pom\.xml|"
    r"build\.gradle(?:\.kts)?|gemfile|composer\.json)$",
    re.IGNORECASE,
)
_BASE = {"code": 2, "test": 0, "example": 0, "docs": 0, "text": 1}
_ORDER: dict[Risk, int] = {"high": 0, "medium": 1, "low": 2}


def risk_of(diff: FileDiff) -> tuple[Risk, str]:
    """How much harm a mistake here may do, and why that is thought, by name, role and size."""
    role = role_of(diff.path, is_code=language_of(diff.path) is not None)
    score = _BASE[role]
    why: list[str] = []
    added = [line.text for hunk in diff.hunks for line in hunk.lines if line.kind != " "]
    if _SENSITIVE.search(diff.path):
        score, why = score + 2, [*why, "its name speaks of what must be safe"]
    elif role == "code" and any(_SENSITIVE.search(text) for text in added):
        score, why = score + 1, [*why, "it touches what must be safe"]
    if _DEPENDENCIES.search(diff.path):
        score, why = score + 1, [*why, "it changes dependencies"]
    if len(added) > _MANY_LINES:
        score, why = score + 1, [*why, f"{len(added)} changed lines"]
    if diff.status == "removed" and role == "code":
        score, why = score + 1, [*why, "code is removed"]
    level: Risk = "high" if score >= 4 else "medium" if score >= 2 else "low"
    return level, ", ".join(why)


def readings(files: Sequence[ChangedFile], shown: Mapping[str, Sequence[str]]) -> tuple[Reading, ...]:
    """Every row of every file in ``shown`` in one reading at least, most important first.

    A change that fits into few readings is read once for each group of concerns; of a larger one that holds for its
    riskiest readings only, and what can do little harm is read once for everything.
    """
    risks = {file.path: file.risk for file in files}
    ordered = sorted((path for path in shown if shown[path]), key=lambda path: (_ORDER[risks[path]], path))
    packs = list(_packed([part for path in ordered for part in _parts(path, shown[path])], shown))
    deep = [number for number, pack in enumerate(packs) if any(risks[part.path] != "low" for part in pack)]
    deep = deep[:_DEEP_READINGS]
    first = [
        _reading(number, packs[number], _PASSES[0] if number in deep else CONCERNS) for number in range(len(packs))
    ]
    further = [_reading(number, packs[number], concerns) for concerns in _PASSES[1:] for number in deep]
    return (*first, *further)


def _reading(number: int, parts: Sequence[Part], concerns: tuple[Concern, ...]) -> Reading:
    about = "all" if concerns == CONCERNS else "-".join(concerns)
    return Reading(name=f"find-{number}-{about}", parts=tuple(parts), concerns=concerns)


def _parts(path: str, rows: Sequence[str]) -> Iterator[Part]:
    """A file in one part, or in several where it is too long for one reading."""
    start, size = 0, 0
    for number, row in enumerate(rows):
        if size + len(row) > ROOM and number > start:
            yield Part(path=path, start=start, end=number)
            start, size = number, 0
        size += len(row) + 1
    yield Part(path=path, start=start, end=len(rows))


def _packed(parts: Sequence[Part], shown: Mapping[str, Sequence[str]]) -> Iterator[list[Part]]:
    pack: list[Part] = []
    size = 0
    for part in parts:
        length = sum(len(row) + 1 for row in shown[part.path][part.start : part.end])
        if pack and size + length > ROOM:
            yield pack
            pack, size = [], 0
        pack.append(part)
        size += length
    if pack:
        yield pack
