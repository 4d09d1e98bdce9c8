"""Read what V8 writes into NODE_V8_COVERAGE.

Offsets into a script mean lines only where the script is the file as it lies in the tree: what a runner made of it,
from TypeScript for example, is no other way known here.
https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-ScriptCoverage
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import unquote

from bot.toolchains.coverage import CoverageError, Sources, Tally, list_code
from bot.toolchains.port import Hits
from bot.types import JsonModel

# Stretches that one place of a file belongs to; real ones lie some levels deep.
_DEEPEST = 1_000
# How often a process loads a file at most: a module may be loaded again, by another query.
_MOST_LOADS = 1_000
_WORD = re.compile(r"\w")


class _Range(JsonModel):
    startOffset: int  # noqa: N815
    endOffset: int  # noqa: N815
    count: int


class _Function(JsonModel):
    functionName: str = ""  # noqa: N815
    ranges: tuple[_Range, ...]

    @property
    def is_written(self) -> bool:
        """Return False for what V8 makes of a class's fields.

        Its range is all of the class.
        """
        return not self.functionName.startswith("<")


class _Script(JsonModel):
    url: str
    functions: tuple[_Function, ...]


class _Unit(NamedTuple):
    """A line with words, and where these stand in UTF-16 units."""

    number: int
    words: tuple[int, ...]


def read_v8(reports: Iterable[bytes], sources: Sources) -> Hits:
    """Read how often lines ran; a line ran where any word of it did.

    A file that one process changed before it ran is left out. Raises :class:`CoverageError` for what is no report.
    """
    tally = Tally(sources)
    words: dict[str, list[_Unit]] = {}
    lengths = {path: _measure(text) for path, text in sources.texts.items()}
    foreign: set[str] = set()
    for report in reports:
        changed, scripts = _parse(report, sources)
        if len(scripts) > _MOST_LOADS * len(sources.texts):
            raise CoverageError("A report of V8's tells of the same files too often.")
        for path, script in scripts:
            if path not in words:
                words[path] = list(_list_words(sources, path))
            idle = _find_idle(script, lengths[path])
            if idle is None or script.url in changed:
                foreign.add(path)
                continue
            for unit in words[path]:
                tally.add(path, unit.number, int(any(not idle[at] for at in unit.words)))
    return {path: lines for path, lines in tally.hits.items() if path not in foreign}


def _parse(report: bytes, sources: Sources) -> tuple[set[str], list[tuple[str, _Script]]]:
    """Return which scripts have a source map, and those that are wanted."""
    try:
        found = json.loads(report)
        changed = set(found.get("source-map-cache", ()))
        named = [(sources.find(_name_file(one["url"])), one) for one in found["result"]]
        return changed, [(path, _Script.model_validate(one)) for path, one in named if path is not None]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise CoverageError("A report of V8's is none.") from None


def _name_file(url: str) -> str:
    """Return the file of a script; a module may be loaded again with a query."""
    return unquote(url.removeprefix("file://").partition("?")[0].partition("#")[0])


def _find_idle(script: _Script, length: int) -> bytearray | None:
    """Mark the units that never ran; None where the script is not the file."""
    found = (one for function in script.functions if function.is_written for one in function.ranges)
    ranges = [one for one in found if 0 <= one.startOffset <= min(one.endOffset, length)]
    # the outer first; of equal ones that last which ran
    ranges.sort(key=lambda one: (one.startOffset, -one.endOffset, one.count))
    if not ranges or (ranges[0].startOffset, ranges[0].endOffset) != (0, length):
        return None
    if sum(min(one.endOffset, length) - one.startOffset for one in ranges) > _DEEPEST * length:
        raise CoverageError("A report of V8's tells more of a file than there can be.")
    idle = bytearray(length)
    for one in ranges:
        end = min(one.endOffset, length)
        idle[one.startOffset : end] = (b"\0" if one.count else b"\1") * (end - one.startOffset)
    return idle


def _list_words(sources: Sources, path: str) -> Iterator[_Unit]:
    code = dict(list_code(sources.lines[path]))
    at = 0
    for number, line in enumerate(sources.lines[path], 1):
        if number in code:
            places = [found.start() for found in _WORD.finditer(line)]
            before = list(accumulate((sign > "\uffff" for sign in line), initial=0))
            yield _Unit(number, tuple(at + place + before[place] for place in places))
        at += _measure(line) + 1


def _measure(text: str) -> int:
    """Return a text's length as JavaScript counts it."""
    return len(text) + sum(sign > "\uffff" for sign in text)
