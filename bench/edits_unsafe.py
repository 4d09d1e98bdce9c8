"""Judge whether a change went only where its block says.

From the texts alone, sharing no code with what is judged.
"""

from __future__ import annotations

import ast
import html
import re
import warnings
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from itertools import islice, product

Rows = tuple[int, int]
Change = tuple[str, int, int, int, int]
_DOTS = re.compile(
    r"\s*(?:(?:#|//)\s*)?\.\.\.+.*|\s*(?:#|//).*\b(?:existing|rest|code|unchanged|other)\b.*\.\.\.", re.I
)


def unsafe(path: str, before: str, after: str, search: str, replace: str) -> str | None:
    """Return why the change is unsafe, or None.

    ``broken``, ``too large``, ``placeholder``, ``elsewhere``, ``not unique``, ``not shifted``.
    """
    if path.endswith(".py") and _parses(before) and not _parses(after):
        return "broken"
    old, new = before.split("\n"), after.split("\n")
    codes = _changes(old, new)
    if sum(code[2] - code[1] for code in codes) > 1.5 * max(1, len(search.strip("\n").split("\n"))):
        return "too large"
    added = [line for code in codes for line in new[code[3] : code[4]]]
    if any(line.strip() == "..." for line in added) and not re.search(r":\s*(?:\"\"\".*\"\"\"\s*)?\.\.\.", replace):
        return "placeholder"
    for undo in (str, html.unescape, lambda text: text.replace('\\"', '"').replace("\\'", "'")):
        places = _places(old, undo(search).split("\n"), undo(replace).split("\n"))
        if places:
            break
    else:
        return "elsewhere"
    if not any(all(_within(old, new, code, place) for code in codes) for place in places):
        return "elsewhere"
    if len(places) > 1:
        return "not unique"
    return "not shifted" if _not_shifted(old, new, codes, places[0], undo(search), undo(replace)) else None


def _changes(old: list[str], new: list[str]) -> list[Change]:
    """Yield stretches that differ; equal ends are set aside first, for speed."""
    least = min(len(old), len(new))
    head = next((n for n in range(least) if old[n] != new[n]), least)
    tail = next((n for n in range(least - head) if old[-1 - n] != new[-1 - n]), least - head)
    codes = SequenceMatcher(
        None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False
    ).get_opcodes()
    return [(tag, a + head, b + head, c + head, d + head) for tag, a, b, c, d in codes if tag != "equal"]


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text.removeprefix("\ufeff"))
    except (SyntaxError, ValueError):
        return False
    return True


def _within(old: list[str], new: list[str], code: Change, place: Rows) -> bool:
    """Return whether a stretch lies in the place.

    Lines added beside their like may have been added on either side of it.
    """
    tag, first, last, begin, end = code
    top = _above_decorators(old, place[0])
    while tag == "insert" and first > place[1] and new[begin - 1] == new[end - 1]:
        first, last, begin, end = first - 1, last - 1, begin - 1, end - 1
    return top <= first and last <= place[1]


def _above_decorators(old: list[str], row: int) -> int:
    while row and old[row - 1].lstrip().startswith("@"):
        row -= 1
    return row


def _places(old: list[str], search: list[str], replace: list[str]) -> list[Rows]:
    """Return the row ranges of the strictest way the block fits."""
    for way in (_lines(str), _lines(str.rstrip), _lines(str.strip), _elided, _code, _squeezed):
        found = list(dict.fromkeys(way(old, search)))
        if found:
            return found
    return _changed_lines(old, search, replace)


def _lines(normal: Callable[[str], str]) -> Callable[[list[str], list[str]], Iterator[Rows]]:
    def way(old: list[str], search: list[str]) -> Iterator[Rows]:
        yield from _runs(old, [row for row, line in enumerate(old) if line.strip()], search, normal)

    return way


def _runs(old: list[str], rows: list[int], search: list[str], normal: Callable[[str], str]) -> Iterator[Rows]:
    wanted = [normal(line) for line in search if line.strip()]
    lines = [normal(old[row]) for row in rows]
    for at in range(len(lines) - len(wanted) + 1):
        if wanted and lines[at] == wanted[0] and lines[at : at + len(wanted)] == wanted:
            lo, hi = rows[at], rows[at + len(wanted) - 1] + 1
            while lo and not old[lo - 1].strip():
                lo -= 1
            while hi < len(old) and not old[hi].strip():
                hi += 1
            yield lo, hi


def _elided(old: list[str], search: list[str]) -> Iterator[Rows]:
    """Yield ranges over all pieces, no gap less deep than its dots."""
    cuts = [n for n, line in enumerate(search) if _DOTS.fullmatch(line)]
    pieces = [search[lo + 1 : hi] for lo, hi in zip([-1, *cuts], [*cuts, len(search)], strict=True)]
    if not cuts or not "".join(pieces[0]).strip():
        return
    deep = [len(search[n]) - len(search[n].lstrip()) for n in cuts]

    def further(number: int, end: int, shift: int) -> Iterator[int]:
        if number == len(pieces):
            yield end
            return
        reach = next(
            (row for row in range(end, len(old)) if old[row].strip() and _depth(old[row]) < deep[number - 1] + shift),
            len(old),
        )
        if not "".join(pieces[number]).strip():
            yield reach
            return
        for lo, hi in _runs(old[:], [r for r in range(end, len(old)) if old[r].strip()], pieces[number], str.strip):
            first = next(row for row in range(max(lo, end), hi) if old[row].strip())
            if first <= reach:
                yield from further(number + 1, hi, shift)

    for lo, hi in _runs(old, [row for row, line in enumerate(old) if line.strip()], pieces[0], str.strip):
        last = next(line for line in reversed(pieces[0]) if line.strip())
        actual = next(line for line in reversed(old[lo:hi]) if line.strip())
        for end in further(1, hi, _depth(actual) - _depth(last)):
            yield lo, end


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _code(old: list[str], search: list[str]) -> Iterator[Rows]:
    """Yield ranges whose code, comments and docstrings aside, is the block's."""
    rows = list(_code_rows(old))
    yield from _runs(old, rows, [search[n] for n in _code_rows(search)], str.strip)


def _code_rows(lines: list[str]) -> Iterator[int]:
    quote = ""
    for row, line in enumerate(lines):
        text = line.strip()
        if quote:
            quote = "" if quote in text else quote
        elif match := re.match(r"[rRuU]?(\"\"\"|''')", text):
            quote = "" if match[1] in text[match.end() :] else match[1]
        elif text and not re.match(r"#(\s|$|!)|//", text):
            yield row


def _squeezed(old: list[str], search: list[str]) -> Iterator[Rows]:
    """Ranges of the lines in which the block stands when no blank counts."""
    text, wanted, row_at = "", re.sub(r"\s", "", "".join(search)), []
    for row, line in enumerate(old):
        bare = re.sub(r"\s", "", line)
        text += bare
        row_at += [row] * len(bare)
    at = text.find(wanted) if wanted else -1
    while at >= 0:
        yield row_at[at], row_at[at + len(wanted) - 1] + 1
        at = text.find(wanted, at + 1)


def _changed_lines(old: list[str], search: list[str], replace: list[str]) -> list[Rows]:
    """Find the lines that the block changes or adds beside.

    Of its other lines at least half must be near. A range for every choice of places, so that a changed line that
    stands twice makes it not unique. None where a definition is missing or the range is more than half as long again as
    the block.
    """
    mine, theirs = ([line.strip() for line in lines if line.strip()] for lines in (search, replace))
    solid = [(row, line.strip()) for row, line in enumerate(old) if line.strip()]
    codes = [code for code in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes() if code[0] != "equal"]
    runs = [(lo, hi) if hi > lo else (max(0, lo - 1), min(len(mine), hi + 1)) for _, lo, hi, _, _ in codes]
    keys = [key for _, key in solid]
    starts = [[n for n in range(len(keys)) if keys[n : n + hi - lo] == mine[lo:hi]] for lo, hi in runs]
    found: list[Rows] = []
    for chosen in islice(product(*starts), 9 if mine and runs else 0):
        first, last = min(chosen), max(at + hi - lo for at, (lo, hi) in zip(chosen, runs, strict=True))
        reach = int(1.5 * len(mine))
        near = {line for _, line in solid[max(0, last - reach) : first + reach]}
        others = [line for n, line in enumerate(mine) if not any(lo <= n < hi for lo, hi in runs)]
        missing = [line for line in others if line not in near]
        named = any(re.match(r"(async\s+)?(def|class)", line) for line in missing)
        if last - first <= reach and 2 * len(missing) <= len(others) and not named:
            found.append((solid[first][0], solid[last - 1][0] + 1))
    return found


def _not_shifted(old: list[str], new: list[str], codes: list[Change], place: Rows, search: str, replace: str) -> bool:
    """Return whether a new line's indentation fits no shift of the block."""
    shifts: set[int] = set()
    known: list[str] = []
    for mine in (line for line in search.split("\n") if line.strip()):
        alike = [line for line in old[place[0] : place[1]] if line.strip() == mine.strip()]
        shifts |= {_depth(line) - _depth(mine) for line in alike}
        known += alike[:1]
    if not known:
        return False
    later = [line for line in replace.strip("\n").split("\n")[1:] if line.strip()]
    if len(known) == 1 and all(_depth(line) >= _depth(known[0]) for line in later):
        # only the first line is known to have lost its indentation; the others clearly have the file's
        shifts.add(0)
    for code in codes:
        for line in new[code[3] : code[4]]:
            origins = [other for other in replace.split("\n") if line.strip() and other.strip() == line.strip()]
            if origins and not any(_depth(line) - _depth(other) in shifts for other in origins):
                return True
    return False
