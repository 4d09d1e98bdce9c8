"""Who reads what: files by risk, packed into readings of bearable length, the riskiest looked at more than once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.context.languages import language_of
from bot.context.sieve import role_of
from bot.github.text.diffs import FileDiff
from bot.pulls.records import CONCERNS, RISK_RANK, ChangedFile, Concern, Part, Reading, Risk

# Characters of shown diff: more context than some 10,000 tokens makes readers miss more.
ROOM = 36_000
_DEEP_READINGS = 4
# Characters of shown diff, some 300 lines: a change no longer than this is short enough for one reader to keep all
# concerns in mind, and reading it three times is most of what its review costs.
_SMALL = 12_000
_PASSES: tuple[tuple[Concern, ...], ...] = (("correctness",), ("security", "performance"), ("tests", "docs"))
_MANY_LINES = 150
# Whole words, as names are made of: `author`, `paying` and `sessions` say nothing of what must be safe.
_SENSITIVE_NAMES = """
acl admin admins auth authenticate authenticated authentication authorise authorised authorization authorize authorized
billing cookie cookies credential credentials crypto cryptography csrf decrypt decryption deserialise deserialize
encrypt encryption escape escaped invoice invoices jwt login logout migrate migration migrations oauth passphrase
passwd password passwords pay payment payments permission permissions pickle privilege privileges sanitise sanitize
secret secrets session signature sql subprocess token tokens upload uploads
"""
_SENSITIVE_WORDS = frozenset(_SENSITIVE_NAMES.split())
_SENSITIVE_PATHS = re.compile(
    r"(?:^|/)(?:dockerfile[^/]*|[^/]*\.tf)$|(?:^|/)\.github/workflows/|(?:^|/)(?:deploy|terraform)/", re.I
)
_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_DEPENDENCIES = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|requirements[^/]*\.txt|package\.json|go\.mod|cargo\.toml|pom\.xml|"
    r"build\.gradle(?:\.kts)?|gemfile|composer\.json)$",
    re.IGNORECASE,
)
_BASE = {"code": 2, "test": 0, "example": 0, "docs": 0, "text": 1}


def risk_of(diff: FileDiff) -> tuple[Risk, str]:
    """How much harm a mistake here may do, and why that is thought, by name, role and size."""
    role = role_of(diff.path, is_code=language_of(diff.path) is not None)
    score = _BASE[role]
    why: list[str] = []
    added = [line.text for hunk in diff.hunks for line in hunk.lines if line.kind != " "]
    if _SENSITIVE_PATHS.search(diff.path) or _is_sensitive(diff.path):
        score, why = score + 2, [*why, "its name speaks of what must be safe"]
    elif role == "code" and any(_is_sensitive(text) for text in added):
        score, why = score + 1, [*why, "it touches what must be safe"]
    if _DEPENDENCIES.search(diff.path):
        score, why = score + 1, [*why, "it changes dependencies"]
    if len(added) > _MANY_LINES:
        score, why = score + 1, [*why, f"{len(added)} changed lines"]
    if diff.status == "removed" and role == "code":
        score, why = score + 1, [*why, "code is removed"]
    return _level(score), ", ".join(why)


def _level(score: int) -> Risk:
    if score >= 4:
        return "high"
    return "medium" if score >= 2 else "low"


def _is_sensitive(text: str) -> bool:
    """Whether a text holds a word of what must be safe; names are taken apart (``checkToken``, ``MAX_TOKENS``)."""
    return any(word.lower() in _SENSITIVE_WORDS for word in _NAME.findall(text))


def readings(files: Sequence[ChangedFile], shown: Mapping[str, Sequence[str]]) -> tuple[Reading, ...]:
    """Every row of every file in ``shown`` in one reading at least, most important first.

    A small change is read once for everything. One that fits into few readings is read once for each group of
    concerns; of a larger one that holds for its riskiest readings only, and what can do little harm is read once.
    """
    risks = {file.path: file.risk for file in files}
    ordered = sorted((path for path in shown if shown[path]), key=lambda path: (RISK_RANK[risks[path]], path))
    packs = list(_packed([part for path in ordered for part in _parts(path, shown[path])], shown))
    small = sum(len(row) + 1 for rows in shown.values() for row in rows) <= _SMALL
    risky = [number for number, pack in enumerate(packs) if any(risks[part.path] != "low" for part in pack)]
    deep = [] if small else risky[:_DEEP_READINGS]
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
