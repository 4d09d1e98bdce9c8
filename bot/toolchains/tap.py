"""Read TAP streams, subtests included.

https://testanything.org/tap-version-14-specification.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.toolchains.port import TestCase, Verdict
from bot.toolchains.results import TEXT, has_failure, number_ids

# Columns by which each level of subtests is indented.
_INDENT = 4
# Levels that are read; no suite nests as deep, and each costs a copy of its cases.
_DEEPEST = 20
_RESULT = re.compile(r"(not )?ok\b(?:\s+(\d+)(?=\s|$))?(?:\s+-(?=\s|$))?(.*)", re.IGNORECASE)
_PLAN = re.compile(r"1\.\.(\d+)\b")
_DIRECTIVE = re.compile(r"(?:^|\s)#\s*(skip|todo)\S*(?:\s+(.*))?$", re.IGNORECASE)
# The time a test took, which node-tap and vitest print after its name.
_TIME = re.compile(r"\s#\s*(?:time=)?\(?[\d.]+\s*m?s\)?$")
_ESCAPED = re.compile(r"\\([\\#])")


@dataclass
class _Level:
    """Results of one level of subtests, and its plan where it has one.

    ``block`` is the test whose ``{`` is open.
    """

    cases: list[TestCase] = field(default_factory=list)
    count: int = 0
    planned: int | None = None
    block: TestCase | None = None

    @property
    def met(self) -> bool:
        return self.planned == self.count


def parse_tap(text: str) -> tuple[tuple[TestCase, ...], bool]:
    """Parse the cases of a TAP stream, and whether its plan was met.

    Subtests are named ``group::test``.
    """
    levels = [_Level()]
    met = True
    in_yaml = False
    for line in text.splitlines():
        stripped = line.strip()
        depth, odd = divmod(len(line) - len(line.lstrip(" ")), _INDENT)
        if in_yaml or (odd and stripped == "---"):
            in_yaml = stripped != "..."
            _explain(levels, line)
        elif line.startswith("Bail out!"):
            return number_ids(levels[0].cases), False
        elif odd or depth > _DEEPEST or stripped.startswith("# Subtest"):
            _explain(levels, line)
        elif plan := _PLAN.match(stripped):
            _level(levels, depth).planned = int(plan[1])
        elif found := _RESULT.fullmatch(stripped):
            met = _add(levels, depth, found) and met
        elif stripped == "}" and depth + 1 < len(levels) and (block := levels[depth].block):
            levels[depth].block = None
            met = _close(levels, depth, block) and met
        elif line.startswith((" ", "#")):
            _explain(levels, line)
    return number_ids(levels[0].cases), met and len(levels) == 1 and levels[0].met


def _level(levels: list[_Level], depth: int) -> _Level:
    levels += [_Level() for _ in range(len(levels), depth + 1)]
    return levels[depth]


def _explain(levels: Sequence[_Level], line: str) -> None:
    """Add a line to the message of the last failure."""
    cases: list[TestCase] = next((level.cases for level in reversed(levels) if level.cases), [])
    if cases and cases[-1].verdict == "failed":
        message = f"{cases[-1].message}\n{line}"[-TEXT:].strip("\n")
        cases[-1] = cases[-1].model_copy(update={"message": message})


def _add(levels: list[_Level], depth: int, found: re.Match[str]) -> bool:
    """Add a result; returns False for a broken plan.

    The level below it, if there is one, holds its subtests.
    """
    level = _level(levels, depth)
    level.count += 1
    opens = found[3].endswith(" {")
    case = _case(found[1], found[2] or str(level.count), found[3].removesuffix(" {").strip())
    if opens:
        level.block = case
        return True
    return _close(levels, depth, case)


def _close(levels: list[_Level], depth: int, parent: TestCase) -> bool:
    """Put a test with its subtests into its level.

    Lines without a plan were output, not subtests. Returns False for a broken plan.
    """
    met = True
    inner: list[TestCase] = []
    for below in levels[depth + 1 : depth + 2]:
        if below.planned is not None:
            met = below.met or parent.verdict == "failed"
            inner = [case.model_copy(update={"id": f"{parent.id}::{case.id}"}) for case in below.cases]
    del levels[depth + 1 :]
    # A group has no result of its own, unless it fails for something else than a subtest.
    own = not inner or (parent.verdict == "failed" and not has_failure(inner))
    levels[depth].cases += [*inner, *([parent] if own else [])]
    return met


def _case(failed: str | None, number: str, rest: str) -> TestCase:
    directive = _DIRECTIVE.search(rest)
    name = rest[: directive.start()] if directive else _TIME.sub("", rest)
    verdict: Verdict = "failed" if failed else "passed"
    return TestCase(
        id=_ESCAPED.sub(r"\1", name.strip()) or f"test {number}",
        # a todo may fail
        verdict="skipped" if directive else verdict,
        message=(directive[2] or "") if directive and failed else "",
    )
