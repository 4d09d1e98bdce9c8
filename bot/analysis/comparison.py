"""Separate findings that a change brought in from those of the base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from bot.analysis.records import StaticFinding

Key = tuple[str, str, str, str]
LineAt = Callable[[str, int], str]
"""The text of a line of a file; "" where there is none."""

_ORDER = {"error": 0, "warning": 1, "note": 2}


def split_new(
    base: Iterable[StaticFinding],
    head: Iterable[StaticFinding],
    base_line: LineAt,
    head_line: LineAt,
    changed: Mapping[str, frozenset[int]],
) -> tuple[tuple[StaticFinding, ...], tuple[StaticFinding, ...]]:
    """Split the head's findings into those new on changed lines, and the rest.

    Each is most severe first; the rest begins with what is new elsewhere. Findings are the same where tool, rule, path
    and the line's text without its blanks agree; each one of the base explains one of the head, those off the changed
    lines first. ``base`` has the head's paths: renames are undone. A new finding that begins above the lines the change
    touched is reported from the first line it touched.
    """
    known = Counter(_key(finding, base_line) for finding in base)
    new = []
    off = []
    old = []
    for finding in sorted(set(head), key=lambda one: (_first_touched(one, changed) is not None, one.path, one.line)):
        key = _key(finding, head_line)
        touched = _first_touched(finding, changed)
        if known[key] > 0:
            known[key] -= 1
            old.append(finding)
        elif touched is None:
            off.append(finding)
        else:
            new.append(finding.model_copy(update={"line": touched, "end_line": max(touched, finding.end_line)}))
    return tuple(sorted(new, key=_rank)), (*sorted(off, key=_rank), *sorted(old, key=_rank))


def _key(finding: StaticFinding, line_at: LineAt) -> Key:
    return finding.tool, finding.rule, finding.path, "".join(line_at(finding.path, finding.line).split())


def _first_touched(finding: StaticFinding, changed: Mapping[str, frozenset[int]]) -> int | None:
    lines = changed.get(finding.path, frozenset())
    if finding.line in lines:
        return finding.line
    return min((line for line in lines if finding.line < line <= finding.end_line), default=None)


def _rank(finding: StaticFinding) -> tuple[int, str, int, str, str]:
    return _ORDER[finding.severity], finding.path, finding.line, finding.tool, finding.rule
