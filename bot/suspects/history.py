"""Rank commits without a range: blame of what a trace and its error message name."""

from __future__ import annotations

import asyncio
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.git.command import run_git
from bot.git.mirrors import Mirror
from bot.suspects.functions import find_function
from bot.suspects.places import Place
from bot.suspects.range import find_names
from bot.suspects.records import Suspect

_MOST = 10
_FRAMES = 12
_NEAR = 8.0  # lines
_AGE = 3 * 365 * 86_400.0  # seconds
_TEST_WEIGHT = 0.3
# A trace of another version names a function, but no line of it.
_ANYWHERE = 0.3
_NAMES = 6
_LONGEST_NAME = 80
_MOST_LINES = 20  # of a file that have a name: one that stands everywhere tells nothing
_MOST_DEFINITIONS = 3
_LONGEST = 60  # lines of a definition
_KEYWORDS = "def|class|func|function|fn|fun|struct|interface|trait|module"
_LINE = re.compile(r"^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$")


class _Blamed(NamedTuple):
    sha: str
    line: int


class _Look(NamedTuple):
    """Lines of a file to blame, what each weighs, and where they stand."""

    path: str
    weights: Mapping[int, float]
    where: str
    why: str
    line: int = 0  # the trace's own

    def say(self, line: int) -> str:
        if line == self.line:
            return f"wrote line {line} of {self.where}, where the trace stands"
        return f"wrote a part of {self.where}, which {self.why} names"


async def rank_history(
    mirror: Mirror, head: str, places: Sequence[Place], errors: Sequence[str] = ()
) -> tuple[Suspect, ...]:
    """Return the commits that wrote what a trace names, at most ten.

    A line counts the more, the nearer it is to a frame's, the deeper its frame, and the younger its commit. What the
    lines ``errors`` name counts too: where it stands in the files of the trace, and where it is defined in the tree.
    """
    names = [name for name in find_names(errors) if len(name) <= _LONGEST_NAME][:_NAMES]
    scores: defaultdict[str, float] = defaultdict(float)
    reasons: defaultdict[str, dict[str, None]] = defaultdict(dict)
    facts: dict[str, tuple[int, str]] = {}
    looks = [look for place in places[:_FRAMES] for look in await _look_at(mirror, head, place, names)]
    looks += await _look_for(mirror, head, names) if places else []
    for look in looks:
        blamed, told = await _blame(mirror, head, look)
        facts |= told
        for sha, line in blamed:
            scores[sha] += look.weights.get(line, 0.0)
            reasons[sha].setdefault(look.say(line))
    newest = max((time for time, _ in facts.values()), default=0)
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
    return tuple(sorted(suspects, key=lambda one: (-one.score, -one.time))[:_MOST])


async def _look_at(mirror: Mirror, head: str, place: Place, names: Sequence[str]) -> list[_Look]:
    """Return the function round a frame, and what its file has of names."""
    text = await mirror.read(head, place.path)
    if text is None or not place.line:
        return []
    first, last = await asyncio.to_thread(find_function, text, place)
    weight = 1 / (1 + place.depth) * (_TEST_WEIGHT if place.is_test else 1.0)
    inside = first <= place.line <= last
    weights = {
        line: weight * (math.exp(-abs(line - place.line) / _NEAR) if inside else _ANYWHERE)
        for line in range(first, last + 1)
    }
    where = f"`{place.function}` in `{place.path}`" if place.function else f"`{place.path}`"
    looks = [_Look(place.path, weights, where, "the trace", place.line)]
    told = _find_words(text, names)
    if told:
        name = next(iter(told.values()))
        same = dict.fromkeys(told, weight / math.sqrt(len(told)))
        looks.append(_Look(place.path, same, f"`{place.path}` with `{name}`", "the error"))
    return looks


def _find_words(text: str, names: Sequence[str]) -> dict[int, str]:
    """Return the lines that have one of the names; none if many do."""
    if not names:
        return {}
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    found = {
        line: match.group()
        for line, row in enumerate(text.split("\n"), 1)
        if (match := pattern.search(row)) is not None
    }
    return found if len(found) <= _MOST_LINES else {}


async def _look_for(mirror: Mirror, head: str, names: Sequence[str]) -> list[_Look]:
    """Return the definitions of names in a tree, where they are few."""
    if not names:
        return []
    pattern = rf"(^|[^[:alnum:]_])({_KEYWORDS})[[:space:]]+({'|'.join(names)})([^[:alnum:]_]|$)"
    done = await run_git(["grep", "-n", "-I", "-E", "-e", pattern, head], cwd=mirror.git_dir)
    defined: defaultdict[str, list[Place]] = defaultdict(list)
    for row in done.text.split("\n"):
        found = re.match(r"[^:]*:([^:]+):(\d+):(.*)", row)
        name = next((one for one in names if found is not None and re.search(rf"\b{one}\b", found[3])), "")
        if found is not None and name:
            defined[name].append(Place(found[1], int(found[2]), name, 0))
    looks = []
    for name, places in defined.items():
        for place in places if len(places) <= _MOST_DEFINITIONS else ():
            text = await mirror.read(head, place.path) or ""
            first, last = await asyncio.to_thread(find_function, text, place)
            weight = (_TEST_WEIGHT if place.is_test else 1.0) / len(places)
            lines = range(first, min(last, first + _LONGEST) + 1)
            weights = {line: weight * math.exp(-(line - first) / _NEAR) for line in lines}
            looks.append(_Look(place.path, weights, f"`{name}` in `{place.path}`", "the error"))
    return looks


async def _blame(mirror: Mirror, head: str, look: _Look) -> tuple[list[_Blamed], dict[str, tuple[int, str]]]:
    spans: list[list[int]] = []
    for line in sorted(look.weights):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    if not spans:
        return [], {}
    arguments = ["blame", "--porcelain", *(f"-L{first},{last}" for first, last in spans), head, "--", look.path]
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
