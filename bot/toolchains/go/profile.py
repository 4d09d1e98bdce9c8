"""Read the profiles of ``go test -coverprofile``.

https://pkg.go.dev/golang.org/x/tools/cover#Profile
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.toolchains.coverage import Counter, CoverageError, Sources, Tally, list_code
from bot.toolchains.go import paths
from bot.toolchains.port import Hits
from bot.toolchains.units import Unit

_MODULE = re.compile(r'^module\s+"?([^\s"]+)', re.MULTILINE)
# file, first line and column, last ones, statements, how often they ran
_BLOCK = re.compile(rb"(.+):(\d{1,9})\.(\d{1,9}),(\d{1,9})\.(\d{1,9}) (\d{1,9}) (\d{1,18})")
_WORD = re.compile(rb"\w")
# Blocks that one line belongs to; real ones hardly overlap.
_DEEPEST = 50
_TOO_MUCH = "A profile of Go's tells more of a file than there can be."


def make_counter(unit: Unit, tree: Path) -> Counter | None:
    """Return what counts the lines of a module; None before modules. Blocking."""
    file = tree / unit.root / "go.mod"
    found = _MODULE.search(file.read_text(errors="replace")) if file.is_file() and not file.is_symlink() else None
    if found is None:
        return None

    def counts(path: str) -> bool:
        return paths.is_source(path) and not paths.is_test(path) and unit.holds(path)

    return Counter(counts, read_profiles, {found[1]: unit.root}, "*.out")


def read_profiles(reports: Iterable[bytes], sources: Sources) -> Hits:
    """Read how often lines ran.

    Go tells of blocks, once for each test program. A line counts for each block that has a word on it, so one where any
    block ran did run. Raises :class:`CoverageError`.
    """
    blocks: dict[tuple[str, tuple[int, ...]], int] = {}
    names: dict[bytes, str | None] = {}
    most = _DEEPEST * sum(len(lines) for lines in sources.lines.values())
    for line in (line for report in reports for line in report.split(b"\n")):
        if found := _BLOCK.fullmatch(line.rstrip(b"\r")):
            name, *place, times = found.groups()
            if name not in names:
                names[name] = sources.find(name.decode(errors="replace"))
            if path := names[name]:
                key = (path, tuple(int(one) for one in place))
                blocks[key] = blocks.get(key, 0) + int(times)
                if len(blocks) > most:
                    raise CoverageError(_TOO_MUCH)
    return _count_lines(blocks, sources)


def _count_lines(blocks: Mapping[tuple[str, tuple[int, ...]], int], sources: Sources) -> Hits:
    """Count lines by blocks: of which file, from and to where, statements."""
    tally = Tally(sources)
    code = {path: {number: line.encode() for number, line in list_code(lines)} for path, lines in sources.lines.items()}
    left = _DEEPEST * sum(len(lines) for lines in sources.lines.values())
    for (path, (first, begin, last, end, statements)), times in blocks.items():
        numbers = range(first, min(last, len(sources.lines[path])) + 1) if statements else range(0)
        left -= len(numbers)
        if left < 0:
            raise CoverageError(_TOO_MUCH)
        for number in numbers:
            line = code[path].get(number, b"")
            line = line[: end - 1] if number == last else line
            if _WORD.search(line, begin - 1 if number == first else 0):
                tally.add(path, number, times)
    return tally.hits
