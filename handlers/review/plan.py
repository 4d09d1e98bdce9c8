"""Plan who reads what: files packed by risk, the riskiest read again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from bot.context.languages import language_of
from bot.context.sieve import role_of
from bot.github.text.diffs import FileDiff
from bot.pulls.records import CONCERNS, RISK_RANK, ChangedFile, Concern, Part, Reading, Risk

# Characters of shown diff: more context than some 10,000 tokens makes readers miss more.
ROOM = 36_000
_DEEP_READINGS = 4
# Characters of shown diff, some 450 lines, half of what one reader is given: a change no longer than this is short
# enough to keep all concerns in mind, and reading it more than once is most of what its review costs.
_SMALL = ROOM // 2
# Security and performance had a reader of their own once: in docs/field-notes.md it found nothing in four of four.
_PASSES: tuple[tuple[Concern, ...], ...] = (("correctness", "security", "performance"), ("tests", "docs"))
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
# of a text in which every capital is an A, every other letter an a: names are written in any alphabet
_NAME = re.compile(r"A+(?!a)|A?a+")
_DEPENDENCIES = re.compile(
    r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|requirements[^/]*\.txt|package\.json|go\.mod|cargo\.toml|pom\.xml|"
    r"build\.gradle(?:\.kts)?|gemfile|composer\.json)$",
    re.IGNORECASE,
)
_BASE = {"code": 2, "test": 0, "example": 0, "docs": 0, "text": 1}


def assess_risk(diff: FileDiff) -> tuple[Risk, str]:
    """Judge by name, role and size what harm a mistake may do, and why."""
    role = role_of(diff.path, is_code=language_of(diff.path) is not None)
    score = _BASE[role]
    why: list[str] = []
    added = [line.text for hunk in diff.hunks for line in hunk.lines if line.kind != " "]
    if _SENSITIVE_PATHS.search(diff.path) or _is_sensitive(diff.path):
        score += 2
        why.append("its name speaks of what must be safe")
    elif role == "code" and any(_is_sensitive(text) for text in added):
        score += 1
        why.append("it touches what must be safe")
    if _DEPENDENCIES.search(diff.path):
        score += 1
        why.append("it changes dependencies")
    if len(added) > _MANY_LINES:
        score += 1
        why.append(f"{len(added)} changed lines")
    if diff.status == "removed" and role == "code":
        score += 1
        why.append("code is removed")
    risk: Risk = "medium" if score >= 2 else "low"
    return "high" if score >= 4 else risk, ", ".join(why)


def _is_sensitive(text: str) -> bool:
    """Return whether a sensitive word is in a text (``checkToken``)."""
    text = unicodedata.normalize("NFC", text)
    shape = "".join("aA"[char.isupper()] if char.isalpha() else " " for char in text)
    return any(text[word.start() : word.end()].lower() in _SENSITIVE_WORDS for word in _NAME.finditer(shape))


def plan_readings(files: Sequence[ChangedFile], shown: Mapping[str, Sequence[str]]) -> tuple[Reading, ...]:
    """Put every row of every file in ``shown`` into one reading at least.

    The most important come first. A small change is read once for everything. One that fits into few readings is read
    once for each group of concerns; of a larger one that holds for its riskiest readings only, and what can do little
    harm is read once.
    """
    risks = {file.path: file.risk for file in files}
    ordered = sorted((path for path in shown if shown[path]), key=lambda path: (RISK_RANK[risks[path]], path))
    packs = list(_pack([part for path in ordered for part in _split(path, shown[path])], shown))
    small = sum(len(row) + 1 for rows in shown.values() for row in rows) <= _SMALL
    risky = [number for number, pack in enumerate(packs) if any(risks[part.path] != "low" for part in pack)]
    deep = [] if small else risky[:_DEEP_READINGS]
    first = [
        _make_reading(number, packs[number], _PASSES[0] if number in deep else CONCERNS) for number in range(len(packs))
    ]
    further = [_make_reading(number, packs[number], concerns) for concerns in _PASSES[1:] for number in deep]
    return (*first, *further)


def _make_reading(number: int, parts: Sequence[Part], concerns: tuple[Concern, ...]) -> Reading:
    about = "all" if concerns == CONCERNS else "-".join(concerns)
    return Reading(name=f"find-{number}-{about}", parts=tuple(parts), concerns=concerns)


def _split(path: str, rows: Sequence[str]) -> Iterator[Part]:
    """Yield a file as one part, or several where it is too long for one."""
    start = 0
    size = 0
    for number, row in enumerate(rows):
        if size + len(row) + 1 > ROOM and number > start:
            yield Part(path=path, start=start, end=number)
            start = number
            size = 0
        size += len(row) + 1
    yield Part(path=path, start=start, end=len(rows))


def _pack(parts: Sequence[Part], shown: Mapping[str, Sequence[str]]) -> Iterator[list[Part]]:
    pack: list[Part] = []
    size = 0
    for part in parts:
        length = sum(len(row) + 1 for row in shown[part.path][part.start : part.end])
        if pack and size + length > ROOM:
            yield pack
            pack = []
            size = 0
        pack.append(part)
        size += length
    if pack:
        yield pack
