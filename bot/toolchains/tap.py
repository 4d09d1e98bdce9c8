"""Read TAP streams, subtests included.

https://testanything.org/tap-version-14-specification.html. Several streams may follow each other: of two commands, or
of the files that ``prove --verbose`` names.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.toolchains.events import MAX_CASES, TEXT, Case, End, Names, Record, has_failure
from bot.toolchains.port import TestCase, ToolchainError, Verdict

# Columns by which each level of subtests is indented.
_INDENT = 4
# Levels that are read; no suite nests as deep, and each costs a copy of its cases.
_DEEPEST = 20
_RESULT = re.compile(r"(not )?ok\b(?:\s+(\d+)(?=\s|$))?(?:\s+-(?=\s|$))?(.*)", re.IGNORECASE)
_ANY_RESULT = re.compile(r"^[ \t]*(?:not )?ok\b", re.IGNORECASE | re.MULTILINE)
_PLAN = re.compile(r"1\.\.(\d{1,9})\b")
_DIRECTIVE = re.compile(r"(?:^|\s)#\s*(skip|todo)\S*(?:\s+(.*))?$", re.IGNORECASE)
# The time a test took, which node-tap, vitest and bats print after its name.
_TIME = re.compile(r"\s(?:#\s*(?:time=|in )?|in )\(?[\d.]+\s*(?:m?s|sec)\)?$")
_ESCAPED = re.compile(r"\\([\\#])")
_VERSION = re.compile(r"TAP version \d+\s*")
# "t/a.t .. ", which prove prints above the stream of a file, and "t/b.t .. skipped: no database"
_FILE = re.compile(r"(\S.{0,500}?) \.{2,}\s*(skipped.*)?")
# what prove prints below a stream: that it is well, or how its program ended
_FILE_ENDS = re.compile(r"ok|All \d+ subtests passed.*|Failed \d+/\d+ subtests.*|No subtests run.*")
_DUBIOUS = "Dubious, test returned "
# what tape prints at the end; its tests are headings above the lines of what they assert
_TAPE_ENDS = re.compile(r"# pass  \d+")
_HEADING_ENDS = re.compile(r"(?<!\s)\s*# (?:todo|skip).*", re.IGNORECASE)
_PROVED = re.compile(r"^Result: \w+", re.MULTILINE)


@dataclass
class _Level:
    """Results of one level of subtests, and its plan where it has one.

    ``block`` is a test whose line ends in ``{``: its subtests may follow, or it is named so.
    """

    cases: list[TestCase] = field(default_factory=list)
    count: int = 0
    planned: int | None = None
    block: re.Match[str] | None = None

    @property
    def met(self) -> bool:
        return self.planned == self.count


def read_tap(text: str) -> list[Record]:
    """Read the records of TAP streams; cut short where a plan was not met.

    Subtests are named ``group::test``; where prove tells the files, ``file::test``. Raises :class:`ToolchainError` for
    more tests than any suite has.
    """
    if len(_ANY_RESULT.findall(text)) > MAX_CASES:
        raise ToolchainError(f"The stream holds more than {MAX_CASES} test cases.")
    found: list[TestCase] = []
    complete = True
    proved = _PROVED.search(text) is not None
    names = Names()
    for file, lines in _split_streams(text):
        cases, met = _parse_stream(lines, names)
        if file is None:
            found += cases
            complete = complete and met
        else:
            found += _name_file(file, cases, lines, met=met)
            complete = complete and proved
    return [*(Case(case=case, key=str(number)) for number, case in enumerate(found)), End(cut_short=not complete)]


def _split_streams(text: str) -> list[tuple[str | None, list[str]]]:
    """Return the streams by the file prove names, results and plans only."""
    streams: list[tuple[str | None, list[str]]] = [(None, [])]
    for line in re.split(r"\r?\n", text):
        file, lines = streams[-1]
        if named := _FILE.fullmatch(line):
            streams.append((named[1], [f"1..0 # {named[2]}"] if named[2] else []))
        elif _VERSION.fullmatch(line) or (file is not None and _FILE_ENDS.fullmatch(line)):
            streams.append((file if not lines else None, []))
        else:
            lines.append(line)
    told = [(file, lines) for file, lines in streams if file is not None or any(map(_tells, lines))]
    return told or [(None, [])]


def _tells(line: str) -> bool:
    return _PLAN.match(line) is not None or _RESULT.fullmatch(line) is not None or line.startswith("Bail out!")


def _name_file(file: str, cases: Sequence[TestCase], lines: Sequence[str], *, met: bool) -> Iterator[TestCase]:
    """Yield the cases of a file that prove ran, and its own failure."""
    # One that ended before its plan was met, or badly with all its tests passed, does not end the run.
    yield from (case.model_copy(update={"id": f"{file}::{case.id}"}) for case in cases)
    if not met or (not has_failure(cases) and any(line.startswith(_DUBIOUS) for line in lines)):
        yield TestCase(id=file, verdict="failed", message="\n".join(lines)[-TEXT:])


def _parse_stream(lines: Sequence[str], names: Names) -> tuple[Sequence[TestCase], bool]:
    """Parse the cases of one stream, and whether its plan was met."""
    levels = [_Level()]
    # what was said since the last result: of it no more lines are kept than a message has characters
    said: deque[str] = deque(maxlen=TEXT)
    met = True
    in_yaml = False
    headed = any(_TAPE_ENDS.fullmatch(line) for line in lines)
    for line in _name_by_headings(lines, names) if headed else lines:
        stripped = line.strip()
        depth, odd = divmod(len(line) - len(line.lstrip(" ")), _INDENT)
        if in_yaml or (odd and stripped == "---"):
            in_yaml = stripped != "..."
            said.extend([line] if line else [])
        elif line.startswith("Bail out!"):
            _explain(levels, said)
            return levels[0].cases, False
        elif odd or depth > _DEEPEST or stripped.startswith("# Subtest"):
            said.append(line)
        elif plan := _PLAN.match(stripped):
            _level(levels, depth).planned = int(plan[1])
        elif found := _RESULT.fullmatch(stripped):
            _explain(levels, said)
            met = _add(levels, depth, found, names) and met
        elif stripped == "}" and depth + 1 < len(levels) and levels[depth].block:
            _explain(levels, said)
            met = _end_block(levels, depth, names) and met
        elif line.startswith((" ", "#")):
            said.append(line)
    _explain(levels, said)
    met = _end_block(levels, 0, names) and met
    return levels[0].cases, met and len(levels) == 1 and levels[0].met


def _name_by_headings(lines: Sequence[str], names: Names) -> Iterator[str]:
    """Yield the lines, each result with the heading that it stands under.

    Two tests may assert the same.
    """
    heading = ""
    for line in lines:
        found = _RESULT.fullmatch(line)
        if line.startswith("# "):
            heading = _HEADING_ENDS.sub("", line[2:]).strip().replace("#", "\\#")
        if found is not None and heading:
            names.add(heading)
            name = found[3].strip()
            line = f"{line[: found.start(3)]} {heading}{' ' if name.startswith('#') else '::'}{name}"
        yield line


def _level(levels: list[_Level], depth: int) -> _Level:
    levels += [_Level() for _ in range(len(levels), depth + 1)]
    return levels[depth]


def _explain(levels: Sequence[_Level], said: deque[str]) -> None:
    """Move what was said to the message of the last result, a failure."""
    cases: list[TestCase] = next((level.cases for level in reversed(levels) if level.cases), [])
    if said and cases and cases[-1].verdict == "failed":
        message = "\n".join([cases[-1].message, *said])[-TEXT:].strip("\n")
        cases[-1] = cases[-1].model_copy(update={"message": message})
    said.clear()


def _add(levels: list[_Level], depth: int, found: re.Match[str], names: Names) -> bool:
    """Add a result over the subtests below it; False for a broken plan."""
    level = _level(levels, depth)
    met = _end_block(levels, depth, names)
    level.count += 1
    if found[3].endswith(" {") and len(levels) == depth + 1:
        level.block = found
        return met
    return _close(levels, depth, _case(found, level.count, found[3]), names) and met


def _end_block(levels: list[_Level], depth: int, names: Names) -> bool:
    """End the test whose line ended in ``{``; False for a broken plan."""
    # Without subtests below, the brace belongs to its name.
    level = levels[depth]
    if (block := level.block) is None:
        return True
    level.block = None
    rest = block[3].removesuffix(" {" if levels[depth + 1 :] else "")
    return _close(levels, depth, _case(block, level.count, rest), names)


def _close(levels: list[_Level], depth: int, parent: TestCase, names: Names) -> bool:
    """Put a test with its subtests into its level; False for a broken plan."""
    # Lines without a plan were output, not subtests.
    met = True
    inner: list[TestCase] = []
    for below in levels[depth + 1 : depth + 2]:
        met = _end_block(levels, depth + 1, names)
        if below.planned is not None:
            met = (met and below.met) or parent.verdict != "passed"
            names.add(parent.id, len(below.cases))
            inner = [case.model_copy(update={"id": f"{parent.id}::{case.id}"}) for case in below.cases]
            if parent.verdict == "skipped":
                # Perl says of a group only that its tests may fail
                inner = [
                    case.model_copy(update={"verdict": "skipped"}) if has_failure([case]) else case for case in inner
                ]
    del levels[depth + 1 :]
    # A group has no result of its own, unless it fails for something else than a subtest.
    own = not inner or (parent.verdict == "failed" and not has_failure(inner))
    levels[depth].cases += [*inner, *([parent] if own else [])]
    return met


def _case(found: re.Match[str], count: int, rest: str) -> TestCase:
    failed = found[1] is not None
    rest = rest.strip()
    directive = _DIRECTIVE.search(rest)
    name = _TIME.sub("", rest[: directive.start()].rstrip() if directive else rest)
    verdict: Verdict = "failed" if failed else "passed"
    return TestCase(
        id=_ESCAPED.sub(r"\1", name.strip()) or f"test {found[2] or count}",
        # a todo may fail
        verdict="skipped" if directive else verdict,
        message=(directive[2] or "") if directive and failed else "",
    )
