"""Real blocks with one line misquoted, or meant for a line that is no longer there: applied rightly, or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from random import Random
from typing import Any

from bot.edits import EditRefused, apply, make_edit

_LEAST = 3
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True)
class _Case:
    path: str
    text: str
    search: list[str]
    replace: list[str]
    unchanged: list[tuple[int, int]]
    changed: list[int]


def misquoted(rows: list[dict[str, Any]], blobs: dict[str, str]) -> dict[str, Counter[str]]:
    """``line that stays misquoted`` and ``line to change gone``, each with its right, refused and wrong ones: right
    is what the intact block gives.

    Made of the blocks whose text stands in the file exactly once, so that what they mean is beyond doubt.
    """
    table: dict[str, Counter[str]] = {"line that stays misquoted": Counter(), "line to change gone": Counter()}
    for number, case in enumerate(_cases(rows, blobs)):
        random = Random(number)
        if case.unchanged:
            table["line that stays misquoted"][_misquoted(case, random)] += 1
        if case.changed:
            table["line to change gone"][_gone(case, random)] += 1
    return table


def _cases(rows: list[dict[str, Any]], blobs: dict[str, str]) -> Iterator[_Case]:
    for row in rows:
        text, search, replace = blobs[row["blob"]], row["search"].split("\n"), row["replace"].split("\n")
        solid = sum(bool(line.strip()) for line in search)
        if solid < _LEAST or f"\n{text}".count("\n" + row["search"]) != 1 or text.count(row["search"]) != 1:
            continue
        matcher = SequenceMatcher(None, search, replace, autojunk=False)
        same = [(a + n, b + n) for a, b, size in matcher.get_matching_blocks() for n in range(size)]
        kept = {a for a, _ in same}
        yield _Case(
            row["path"],
            text,
            search,
            replace,
            [(a, b) for a, b in same if _WORD.search(search[a])],
            [n for n, line in enumerate(search) if n not in kept and _WORD.search(line)],
        )


def _misquoted(case: _Case, random: Random) -> str:
    search, replace = list(case.search), list(case.replace)
    ours, theirs = random.choice(case.unchanged)
    search[ours] = replace[theirs] = _garbled(search[ours], random)
    after = _after(case, case.text, search, replace)
    if after is None:
        return "refused"
    return "right" if after == _after(case, case.text, case.search, case.replace) else "wrong"


def _gone(case: _Case, random: Random) -> str:
    there = list(case.search)
    number = random.choice(case.changed)
    there[number] = _garbled(there[number], random)
    text = case.text.replace("\n".join(case.search), "\n".join(there))
    return "refused" if _after(case, text, case.search, case.replace) is None else "wrong"


def _after(case: _Case, text: str, search: list[str], replace: list[str]) -> str | None:
    edit = make_edit(case.path, "\n".join(search), "\n".join(replace))
    try:
        done = apply([edit], {case.path: text}.get, paths=[case.path], protected=lambda path: False)
    except EditRefused:
        return None
    return done.files[case.path]


def _garbled(line: str, random: Random) -> str:
    """Return the line with one of its words longer."""
    end = random.choice(list(_WORD.finditer(line))).end()
    return f"{line[:end]}_zz{line[end:]}"
