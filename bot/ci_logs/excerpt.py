"""Choose the lines of a failing step that say why it failed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.ci_logs.failing_tests import find_failing_tests
from bot.ci_logs.masks import mask
from bot.ci_logs.reading import Period, read_lines, read_log
from bot.redaction import redact

BUDGET = 8_000
"""Characters of an excerpt where nobody asks for more or fewer."""
_WIDTH = 400
_BEFORE = 2
_AFTER = 6
_TAIL = 15
# Shares of the budget: of the names, then of the windows from the end.
_NAMES = 0.45
_FROM_END = 0.65
_STRONG = re.compile(
    r"^E  +\S|^FAILED |^ERROR |^_{3,} .* _{3,}$|=+ (?:FAILURES|ERRORS|short test summary)|^(?:FAIL|ERROR): "
    r"|--- FAIL|=== FAIL"
    r"|\bnot ok \d|[✕✗✖✘×●❌⨯] |^\s*\d+\) |<<< (?:FAILURE|ERROR)|^\[ERROR\]|^\[error\]|Failed tests:"
    r"|Tests in error:|Failures?:$"
    r"|> Task .* FAILED|> .* FAILED$|What went wrong|BUILD FAIL|error TS\d+|error\[E\d+\]|: (?:fatal )?error: "
    r"|^error: |^error\b.{0,3}:"
    r"|\bpanicked\b|\bpanic: |npm ERR!|make(?:\[\d+\])?: \*\*\*|Traceback \(most recent|(?:^|[\s.])\w*(?:Error"
    r"|Exception)\b:?(?: |$)"
    r"|^rspec \./|\*\*\* FAILED|\*\*\*Failed|\[  FAILED  \]|\[FAIL\]|Caused an ERROR|\[junit\].*FAILED|^\s*FAIL\b"
    r"|FAILURE!|^Failed!"
    r"|^fatal: |Segmentation fault|core dumped|AddressSanitizer|OutOfMemory|command not found"
    r"|No such file or directory|^\d+ failing"
    r"|\bKilled\b|ERR_|^##\[error\](?!Process completed)|error CS\d+|error: cannot|undefined reference"
    r"|cannot find symbol"
    r"|COMPILATION ERROR|would reformat|Expected .* (?:but|to)|AssertionError|assertion failed"
)
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


def excerpt(log: str, budget: int = BUDGET, step: Period | None = None) -> str:
    """Return the telling lines of a log's failing step, without secrets."""
    lines = read_log(log, step)
    everything: Sequence[str] = lines
    if not _find_strong(lines):
        everything = read_lines(log)
    return write_excerpt(everything, budget)


def write_excerpt(lines: Sequence[str], budget: int = BUDGET) -> str:
    """Return failing tests by name, then windows round the telling lines.

    Secrets are taken out before lines are cut: half of one has no shape.
    """
    names = _list_names(find_failing_tests(lines), int(budget * _NAMES))
    chosen = _choose(lines, budget - len(names))
    shown = redact(names + _write(lines, chosen))
    return "\n".join(line[:_WIDTH] for line in shown.split("\n"))


def find_errors(lines: Sequence[str], most: int = 10) -> tuple[str, ...]:
    """Return the strong lines that differ, the last first, without secrets."""
    found: dict[str, str] = {}
    for place in reversed(_find_strong(lines)):
        text = redact(lines[place].strip())[:_WIDTH]
        found.setdefault(mask(text), text)
        if len(found) >= most:
            break
    return tuple(found.values())


def _find_strong(lines: Sequence[str]) -> list[int]:
    return [
        place for place, line in enumerate(lines) if _STRONG.search(line[:_WIDTH]) and not _CLEAN.search(line[:_WIDTH])
    ]


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


def _choose(lines: Sequence[str], room: int) -> set[int]:
    """Return the places of the lines to show."""
    chosen: set[int] = set()
    room = _add(lines, chosen, range(max(0, len(lines) - _TAIL), len(lines)), room, room)
    strong = _find_strong(lines)
    first = int(room * _FROM_END)
    seen: Counter[str] = Counter()
    spent = 0
    for place in reversed(strong):
        if spent >= first:
            break
        before = room
        room = _add_window(lines, chosen, place, room, seen)
        spent += before - room
    for place in strong:
        room = _add_window(lines, chosen, place, room, seen)
    for place, line in enumerate(lines):
        if room <= 0:
            break
        if _WEAK.search(line[:_WIDTH]) and not _CLEAN.search(line[:_WIDTH]):
            room = _add_window(lines, chosen, place, room, seen)
    return chosen


def _add_window(lines: Sequence[str], chosen: set[int], place: int, room: int, seen: Counter[str]) -> int:
    key = mask(lines[place][:_WIDTH])
    seen[key] += 1
    # The same words again and again say nothing new.
    if room <= 0 or seen[key] > 2:
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
    parts: list[str] = []
    last = -1
    for place in sorted(chosen):
        if place != last + 1 and parts:
            parts.append("…")
        parts.append(lines[place])
        last = place
    return "\n".join(parts) + "\n"
