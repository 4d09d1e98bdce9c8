"""Choose the lines of a failing step that say why it failed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from bot.ci_logs.failing_tests import find_failing_tests
from bot.ci_logs.masks import mask
from bot.ci_logs.reading import Period, read_both
from bot.redaction import redact

BUDGET = 8_000
"""Characters of an excerpt where nobody asks for more or fewer."""
_WIDTH = 400
_BEFORE = 2
_AFTER = 6
_TAIL = 15
_LOOKED = 1_000  # telling lines that are tried for a window
# Shares of the budget: of the names, then of the windows from the end.
_NAMES = 0.45
_FROM_END = 0.65
# Telling lines by how they begin, by words in them (each begins with a letter of its own, which makes the search fast),
# by whole words, by signs, and by exceptions.
_BEGINNING = re.compile(
    r"E  +\S|FAILED |ERROR |_{3,} .* _{3,}$|(?:FAIL|ERROR): |\s*\d+\) |\[ERROR\]|\[error\]|error: |error\b.{0,3}:"
    r"|rspec \./|\s*FAIL\b|Failed!|fatal: |\d+ failing|##\[error\](?!Process completed)"
)
_WORDS = re.compile(
    r"= (?:FAILURES|ERRORS|short test summary)|--- FAIL|=== FAIL|<<< (?:FAILURE|ERROR)|Failed tests:|Tests in error:"
    r"|Failures?:$|> Task .* FAILED|What went wrong|BUILD FAIL|error TS\d+|error\[E\d+\]"
    r"|: (?:fatal )?error: |npm ERR!|make(?:\[\d+\])?: \*\*\*|Traceback \(most recent|\*\*\* FAILED|\*\*\*Failed"
    r"|\[  FAILED  \]|\[FAIL\]|Caused an ERROR|\[junit\].*FAILED|FAILURE!|Segmentation fault|core dumped"
    r"|AddressSanitizer|OutOfMemory|command not found|No such file or directory|ERR_|error CS\d+|error: cannot"
    r"|undefined reference|cannot find symbol|COMPILATION ERROR|would reformat|Expected .* (?:but|to)|AssertionError"
    r"|assertion failed"
)
_WHOLE = re.compile(r"\b(?:not ok \d|panicked\b|panic: |Killed\b)")
_GRADLE = " FAILED"  # at the end of a line, behind an arrow: a pattern would try each arrow
_SIGNS = re.compile(r"[✕✗✖✘×●❌⨯] ")
_RAISED = re.compile(r"(?:^|[\s.])\w*(?:Error|Exception)\b:?(?: |$)")
_WEAK = re.compile(
    r"\b(?:fail(?:ed|ure|ures|s)?|error|errors|exception|fatal|abort(?:ed)?|timed? ?out|denied|refused|expected"
    r"|actual)\b",
    re.I,
)
_CLEAN = re.compile(
    r"\b(?:0 (?:failed|failures?|errors?)|(?:failures|errors|failed)[:=] ?0)\b(?!.*\b(?:failures|errors"
    r"|failed)[:=] ?[1-9])"
    r"|continue-on-error|fail-fast|^##\[error\]Process completed|-W(?:no-)?error|--\w*fail|error_?log",
    re.IGNORECASE,
)


class Step(NamedTuple):
    """Lines to look at, the places of telling ones, and the failing tests."""

    lines: Sequence[str]
    strong: Sequence[int]
    tests: Sequence[str]
    inside: Sequence[str]  # the failing step's own
    whole: Sequence[str]  # the log's


def excerpt(log: str, budget: int = BUDGET, step: Period | None = None) -> str:
    """Return the telling lines of a log's failing step, without secrets."""
    return write_excerpt(read_step(log, step), budget)


def read_step(log: str, step: Period | None = None) -> Step:
    """Read a log's failing step; where nothing in it tells, the whole log."""
    inside, whole = read_both(log, step)
    strong = _find_strong(inside)
    lines = inside if strong else whole
    return Step(lines, strong or _find_strong(whole), find_failing_tests(lines), inside, whole)


def write_excerpt(step: Step, budget: int = BUDGET) -> str:
    """Return failing tests by name, then windows round the telling lines.

    Secrets are taken out before lines are cut: half of one has no shape.
    """
    lines = step.lines
    names = _list_names(step.tests, int(budget * _NAMES))
    chosen = _choose(lines, step.strong, budget - len(names))
    shown = redact(names + _write(lines, chosen))
    return "\n".join(line[:_WIDTH] for line in shown.split("\n"))


def find_errors(lines: Sequence[str], most: int = 10) -> tuple[str, ...]:
    """Return the strong lines that differ, the last first, without secrets."""
    return list_errors(lines, _find_strong(lines), most)


def list_errors(lines: Sequence[str], strong: Sequence[int], most: int) -> tuple[str, ...]:
    """Return what ``find_errors`` does of lines whose strong ones are known."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for place in islice(reversed(strong), _LOOKED):
        alike = mask(lines[place].strip()[:_WIDTH])
        if alike in seen:  # a thousand lines that differ in a number say one thing, and redaction is slow
            continue
        seen.add(alike)
        text = redact(lines[place].strip())[:_WIDTH]
        found.setdefault(mask(text), text)
        if len(found) >= most:
            break
    return tuple(found.values())


def _find_strong(lines: Sequence[str]) -> list[int]:
    strong = {line for line in set(lines) if line and _is_strong(line[:_WIDTH])}
    return [place for place, line in enumerate(lines) if line in strong]


def _is_strong(line: str) -> bool:
    if line.endswith(_GRADLE) and "> " in line.removesuffix(_GRADLE):
        return _CLEAN.search(line) is None
    found = (
        _BEGINNING.match(line)
        or _WORDS.search(line)
        or _WHOLE.search(line)
        or (None if line.isascii() else _SIGNS.search(line))
        or (_RAISED.search(line) if "Error" in line or "Exception" in line else None)
    )
    return found is not None and _CLEAN.search(line) is None


def _is_weak(line: str) -> bool:
    return _WEAK.search(line) is not None and _CLEAN.search(line) is None


def _list_names(names: Sequence[str], room: int) -> str:
    """Return a heading with as many names as fit, "" where there are none."""
    if not names:
        return ""
    shown: list[str] = []
    for name in names:
        room -= len(name) + 3
        if room < 0:
            break
        shown.append(f"- {name}\n")
    more = len(names) - len(shown)
    rest = f"- and {more} more\n" if more else ""
    return f"Failing tests ({len(names)}):\n{''.join(shown)}{rest}\n"


def _choose(lines: Sequence[str], strong: Sequence[int], room: int) -> set[int]:
    """Return the places of the lines to show."""
    chosen: set[int] = set()
    room = _add(lines, chosen, range(max(0, len(lines) - _TAIL), len(lines)), room, room)
    first = int(room * _FROM_END)
    seen: Counter[str] = Counter()
    spent = 0
    for place in islice(reversed(strong), _LOOKED):
        if spent >= first:
            break
        before = room
        room = _add_window(lines, chosen, place, room, seen)
        spent += before - room
    for place in strong[:_LOOKED]:
        room = _add_window(lines, chosen, place, room, seen)
    weak = (place for place, line in enumerate(lines) if line and room > 0 and _is_weak(line[:_WIDTH]))
    for place in islice(weak, _LOOKED):
        room = _add_window(lines, chosen, place, room, seen)
    return chosen


def _add_window(lines: Sequence[str], chosen: set[int], place: int, room: int, seen: Counter[str]) -> int:
    if room <= 0:
        return room
    key = mask(lines[place][:_WIDTH])
    seen[key] += 1
    # The same words again and again say nothing new.
    if seen[key] > 2:
        return room
    return _add(lines, chosen, range(max(0, place - _BEFORE), min(len(lines), place + _AFTER + 1)), room, room)


def _add(lines: Sequence[str], chosen: set[int], places: Iterable[int], room: int, most: int) -> int:
    for place in places:
        cost = min(len(lines[place]), _WIDTH) + 1
        if place not in chosen and cost <= min(room, most):
            chosen.add(place)
            room -= cost
    return room


def _write(lines: Sequence[str], chosen: set[int]) -> str:
    # a blank line between two gaps says nothing
    told = [at for at in chosen if lines[at].strip() or not chosen.isdisjoint((at - 1, at + 1))]
    parts: list[str] = []
    last = -1
    for place in sorted(told):
        if place != last + 1 and parts:
            parts.append("…")
        parts.append(lines[place])
        last = place
    return "\n".join(parts) + "\n"
