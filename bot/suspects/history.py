"""Rank commits without a range: blame of the functions round the frames of a trace."""

from __future__ import annotations

import asyncio
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.git.command import run_git
from bot.git.mirrors import Mirror
from bot.suspects.functions import find_function
from bot.suspects.places import Place
from bot.suspects.records import Suspect

_FRAMES = 12
_NEAR = 8.0  # lines
_AGE = 3 * 365 * 86_400.0  # seconds
_TEST_WEIGHT = 0.3
_LINE = re.compile(r"^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$")


class _Blamed(NamedTuple):
    sha: str
    line: int


async def rank_history(mirror: Mirror, head: str, places: Sequence[Place], most: int = 10) -> tuple[Suspect, ...]:
    """Return the commits that wrote the functions of a trace, at most ten.

    A line counts the more, the nearer it is to a frame's, the deeper its frame, and the younger its commit.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    reasons: defaultdict[str, dict[str, None]] = defaultdict(dict)
    facts: dict[str, tuple[int, str]] = {}
    newest = 0
    for place in places[:_FRAMES]:
        blamed, told = await _blame(mirror, head, place)
        facts |= told
        newest = max([newest, *(time for time, _ in told.values())])
        weight = 1 / (1 + place.depth) * (_TEST_WEIGHT if place.is_test else 1.0)
        for sha, line in blamed:
            scores[sha] += weight * math.exp(-abs(line - place.line) / _NEAR)
            reasons[sha].setdefault(_say(place, line))
    suspects = [
        Suspect(
            sha=sha,
            subject=facts[sha][1][:200],
            time=facts[sha][0],
            score=round(score * math.exp(-(newest - facts[sha][0]) / _AGE), 4),
            reasons=tuple(reasons[sha])[:3],
        )
        for sha, score in scores.items()
    ]
    return tuple(sorted(suspects, key=lambda one: (-one.score, -one.time))[:most])


def _say(place: Place, line: int) -> str:
    where = f"`{place.function}` in `{place.path}`" if place.function else f"`{place.path}`"
    if line == place.line:
        return f"wrote line {line} of {where}, where the trace stands"
    return f"wrote a part of {where}, which the trace names"


async def _blame(mirror: Mirror, head: str, place: Place) -> tuple[list[_Blamed], dict[str, tuple[int, str]]]:
    text = await mirror.read(head, place.path)
    if text is None or not place.line:
        return [], {}
    first, last = await asyncio.to_thread(find_function, text, place)
    if last < first:
        return [], {}
    arguments = ["blame", "--porcelain", f"-L{first},{last}", head, "--", place.path]
    done = await run_git(arguments, cwd=mirror.git_dir)
    return ([], {}) if done.code else _read_blame(done.text)


def _read_blame(text: str) -> tuple[list[_Blamed], dict[str, tuple[int, str]]]:
    blamed: list[_Blamed] = []
    times: dict[str, int] = {}
    subjects: dict[str, str] = {}
    for sha, line, key, value in _read_fields(text):
        if not key:
            blamed.append(_Blamed(sha, line))
        elif key == "committer-time" and value.isdigit():
            times[sha] = int(value)
        elif key == "summary":
            subjects[sha] = value
    return blamed, {sha: (times.get(sha, 0), subjects.get(sha, "")) for sha in {one.sha for one in blamed}}


def _read_fields(text: str) -> Iterator[tuple[str, int, str, str]]:
    sha, line = "", 0
    for row in text.split("\n"):
        start = _LINE.match(row)
        if start is not None:
            sha, line = start[1], int(start[2])
            yield sha, line, "", ""
        elif sha and not row.startswith("\t"):
            key, _, value = row.partition(" ")
            if key:
                yield sha, line, key, value
