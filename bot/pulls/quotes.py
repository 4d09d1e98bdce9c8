"""Read quotes as models copy them: fenced, numbered, signed, cut."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from bot.edits import text as texts
from bot.edits.text import fold, is_elision
from bot.github.text.diffs import Side

_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[^`]*")
# lines that diffs and our own tools write around code: headers, and notes on what they left out
_AROUND = re.compile(
    r"@@.*|diff --git .*|index [0-9a-f]+\.\.[0-9a-f]+.*|--- (?:[ab]/.*|/dev/null)|\+\+\+ (?:[ab]/.*|/dev/null)"
    r"|\\ No newline at end of file|=== .+ \(.+\)"
    r"|\((?:cut; it ends in line \d+|lines \d+ to \d+ of \d+|\d+ more (?:removed )?lines?.*)\)"
)
# a row of bot.pulls.excerpts ("   12    13 +code"): both numbers, of which one may be missing, then the sign
_ROW = re.compile(r"(?= *\d)(?P<old> *\d+| {5}) (?P<new> {5}| *\d+) (?P<sign>[ +.-])(?P<text>.*)")
# the same after the blanks in front were lost; its sign shows what it is
_BARE_ROW = re.compile(r"\s*(?P<old>\d+) +(?:(?P<new>\d+) +)?(?P<sign>[+-])(?P<text>.*)")
# "12 code" of bot.context.lookup, "path:12: code" of its search, and what others write: "12 | code", "L12: code",
# "[12] code", "12. code", "+ 12: code", "12-code"
_NUMBERED = (
    re.compile(r"\s*(?:L|line )?(?P<number>\d+) ?[|:\t→│║>] ?(?P<text>.*)", re.I),
    re.compile(r" *(?P<number>\d+)(?: (?P<text>.*))?"),
    re.compile(r"[^\s:]+:(?P<number>\d+):?(?: (?P<text>.*))?"),
    re.compile(r"\s*(?:\+ ?)?[\[(<#]?(?:L|line )?(?P<number>\d+)(?:[\])>-]|[.:]?(?= |\Z)) ?(?P<text>.*)", re.I),
)
# what models put around code that stands in a sentence or a list, and behind it
_QUOTED = re.compile(r"\s*(?P<mark>[\"'“])(?P<text>.*\S.*)[\"'”]\s*", re.S)
_LISTED = re.compile(r"\s*(?:>{1,3}|[*•]) (?P<text>.*)")
_REMARK = re.compile(r"\s+(?:<--+|←).*")
_CUT = re.compile(r" ?(?:… \(\d+ more characters\)|…|\.{3})\Z")


@dataclass(frozen=True)
class QuoteReading:
    """Lines that a quote may stand for, without blank ones around them."""

    texts: tuple[str, ...]
    side: Side | None = None  # known where signs were copied along, as ``line``, the first one's number
    line: int | None = None
    cut: frozenset[int] = frozenset()  # rows of which only the beginning was quoted
    elided: bool = False  # other lines were left out

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Return the lines that are not blank, without blanks (:func:`squeeze`)."""
        return tuple(squeeze(text) for text in self.texts if text)

    @cached_property
    def whole(self) -> tuple[bool, ...]:
        """Return for each of ``keys`` whether the line was quoted to its end."""
        return tuple(row not in self.cut for row, text in enumerate(self.texts) if text)


def read_quote(quote: str) -> tuple[QuoteReading, ...]:
    """Read a quote in every way, the most literal first; none if it is blank."""
    rows = quote.replace("\r\n", "\n").split("\n")
    unwrapped = [each for written in (rows, *_undo_escapes(rows)) for each in _strip_wrapping(written)]
    found = [_make_reading(each) for each in unwrapped]
    for each in unwrapped:
        found += _read_diff_rows(each)
        found += _read_numbered_rows(each)
    found += [_make_reading([_REMARK.sub("", row) for row in each]) for each in unwrapped]
    found += [_strip_cut_ends(each) for each in found]
    found += [_longest_piece(each) for each in found]
    return tuple(each for each in dict.fromkeys(found) if each.keys)


def squeeze(text: str) -> str:
    """Remove blanks but between words; straighten quotes and dashes."""
    return texts.squeeze(" ".join(fold(text).split()))


def _strip_wrapping(rows: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows as they are, without fences, and without diff headers."""
    yield list(rows)
    solid = [row for row in rows if row.strip()]
    if len(solid) == 1 and len(solid[0].strip("` ")) + 2 <= len(solid[0].strip()):
        yield [solid[0].strip("` ")]
    unfenced = [row for row in rows if not _FENCE.fullmatch(row)]
    code = [row for row in unfenced if not _AROUND.fullmatch(row.strip())]
    yield from (each for each in (unfenced, code) if len(each) < len(rows))
    if (quoted := _QUOTED.fullmatch("\n".join(rows))) is not None:
        yield quoted["text"].split("\n")
    listed = [match["text"] for row in solid if (match := _LISTED.fullmatch(row)) is not None]
    if listed and len(listed) == len(solid):
        yield listed


def _undo_escapes(rows: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows without the escapes of HTML, Markdown or JSON."""
    text = "\n".join(rows)
    readings = [html.unescape(text), re.sub(r"\\([*_`<>#|])", r"\1", text)]
    if "\n" not in text:
        readings.append(text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"'))
    yield from (each.split("\n") for each in dict.fromkeys(readings) if each != text)


def _read_diff_rows(rows: Sequence[str]) -> Iterator[QuoteReading]:
    """Read new and old lines from a diff's rows, numbered by us or not."""
    solid = [row for row in rows if row.strip()]
    matches = [_ROW.fullmatch(row) or _BARE_ROW.fullmatch(row) for row in solid]
    shown = [match.groupdict() for match in matches if match is not None]
    if not shown or len(shown) < len(solid):
        # lines of a diff without numbers, where unchanged ones begin with a blank
        if not any(row[:1] in ("+", "-") for row in solid) or any(row[:1] not in ("+", "-", " ") for row in solid):
            return
        shown = [{"sign": row[0], "text": row[1:]} for row in solid]
    sides: list[tuple[Side, str, str]] = [("RIGHT", "-", "new"), ("LEFT", "+", "old")]
    if all(row["sign"] != "+" for row in shown):
        # Only what was removed is marked, so that is meant, and not the lines around it.
        sides.reverse()
    for side, other, key in sides:
        lines = [row for row in shown if row["sign"] != other]
        if lines and (side == "RIGHT" or any(row["sign"] == "-" for row in lines)):
            number = _first_number(lines[0], key)
            yield replace(_make_reading([row["text"] or "" for row in lines]), side=side, line=number)


def _first_number(row: dict[str, str | None], key: str) -> int | None:
    """Return the copied number of a row on its side, or the only one."""
    numbers = [row.get(key), row.get("old"), row.get("new")]
    return next((int(number) for number in numbers if number and number.strip()), None)


def _read_numbered_rows(rows: Sequence[str]) -> Iterator[QuoteReading]:
    solid = [row for row in rows if row.strip()]
    for pattern in _NUMBERED:
        matches = [match for row in solid if (match := pattern.fullmatch(row)) is not None]
        if matches and len(matches) == len(solid):
            first = next((match for match in matches if match["text"]), matches[0])
            yield replace(_make_reading([match["text"] or "" for match in matches]), line=int(first["number"]))


def _make_reading(rows: Iterable[str]) -> QuoteReading:
    texts = [row.rstrip() for row in rows]
    solid = [row for row, text in enumerate(texts) if text]
    return QuoteReading(tuple(texts[solid[0] : solid[-1] + 1]) if solid else ())


def _strip_cut_ends(reading: QuoteReading) -> QuoteReading:
    """Remove the dots, or our own note, where lines were cut."""
    found = {
        row: match
        for row, text in enumerate(reading.texts)
        if (match := _CUT.search(text)) is not None and text[: match.start()].strip()
    }
    texts = (text[: found[row].start()] if row in found else text for row, text in enumerate(reading.texts))
    return replace(reading, texts=tuple(texts), cut=frozenset(found))


def _longest_piece(reading: QuoteReading) -> QuoteReading:
    """Return the longest uninterrupted piece of a quote that leaves lines out."""
    pieces: list[list[int]] = [[]]
    for row, text in enumerate(reading.texts):
        if text and is_elision(text.strip(" []()<>")):
            pieces.append([])
        else:
            pieces[-1].append(row)
    if len(pieces) == 1:
        return reading
    rows = max(pieces, key=lambda piece: sum(len(reading.texts[row]) for row in piece))
    while rows and not reading.texts[rows[0]]:
        rows = rows[1:]
    while rows and not reading.texts[rows[-1]]:
        rows = rows[:-1]
    first = rows[0] if rows else 0
    # the copied number is that of the quote's first line, which may not be in this piece
    line = reading.line if first == 0 else None
    cut = frozenset(row - first for row in rows if row in reading.cut)
    return QuoteReading(tuple(reading.texts[row] for row in rows), reading.side, line, cut, elided=True)
