"""Write the messages of refused edits, for the model that sent them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from bot.edits.rungs import Placement
from bot.edits.text import Source, fold, split_lines
from bot.edits.values import EditRefused, Hunk, make_refusal

# Lines and characters of a message: enough to correct an edit by, and little of the model's context.
MAX_LINES = 40
_SHOWN_LINES = 14
_WIDTH = 160
_WORD = re.compile(r"\w+")


def make_message(lines: Sequence[str]) -> str:
    """Join lines to at most 40, each of bounded width."""
    flat = [line[:_WIDTH] for entry in lines for line in entry.split("\n")]
    return "\n".join(flat[:MAX_LINES])


def not_found(path: str, edit: int, source: Source, hunk: Hunk) -> EditRefused:
    """Say that the lines are not in the file; show the closest that are."""
    search = split_lines(hunk.search)
    head = f"Edit {edit}: the lines to replace were not found in {path}."
    if hunk.open_above:
        head += " Its hunk begins with added lines: give at least one unchanged line above them."
    near = _find_closest(source, search)
    if near is None:
        advice = (
            f"Nothing in the file resembles them (it has {len(source.bodies)} lines). Read the file and copy its lines."
        )
        return make_refusal("not-found", make_message([head, advice]), path=path, edit=edit)
    start, stop, same, wanted = near
    lines = [head, f"Closest: lines {start + 1}-{stop}, where {same} of {wanted} lines are the same. The file has:"]
    lines += number_lines(source, start, stop)
    lines += _describe_difference(source, search, start, stop)
    lines += _describe_replacement(source, hunk)
    lines.append("Nothing was applied. Copy the lines to replace exactly as the file has them.")
    return make_refusal("not-found", make_message(lines), path=path, edit=edit)


def ambiguous(path: str, edit: int, source: Source, places: Sequence[Placement]) -> EditRefused:
    """Say that several places fit, which, and how to tell them apart."""
    rows = [place.start for place in places]
    listed = ", ".join(str(row + 1) for row in rows[:12]) + (", ..." if len(rows) > 12 else "")
    lines = [f"Edit {edit}: the lines to replace are in {path} {len(rows)} times, at lines {listed}."]
    for place in places[:3]:
        lines.append(f"Around line {place.start + 1}:")
        lines += number_lines(source, max(0, place.start - 3), min(len(source.bodies), place.start + 3))
    lines.append("Nothing was applied. Add lines above or below until only one place fits.")
    return make_refusal("ambiguous", make_message(lines), path=path, edit=edit)


def already_applied(path: str, edit: int, row: int) -> EditRefused:
    """Say that the file already reads as it would afterwards."""
    text = f"Edit {edit}: {path} already has the new lines at line {row + 1}. Nothing was applied; leave this edit out."
    return make_refusal("already-applied", text, path=path, edit=edit)


def unparsable(path: str, edit: int, after: Source, row: int, why: str) -> EditRefused:
    """Say that the file would not parse any more, and show the place."""
    lines = [f"Edit {edit}: {path} would no longer parse after it: line {row + 1}: {why}. It would read:"]
    lines += number_lines(after, max(0, row - 6), min(len(after.bodies), row + 4))
    lines.append("Nothing was applied. Check the indentation of the new lines and that the replacement is complete.")
    return make_refusal("unparsable", make_message(lines), path=path, edit=edit)


def number_lines(source: Source, start: int, stop: int) -> list[str]:
    """Render rows ``start:stop`` with numbers, without the middle of many."""
    rows = list(range(start, stop))
    half = _SHOWN_LINES // 2
    if len(rows) <= _SHOWN_LINES:
        return [f"{row + 1:5} | {source.bodies[row]}" for row in rows]
    left_out = f"      ({len(rows) - 2 * half} lines)"
    return [*number_lines(source, start, start + half), left_out, *number_lines(source, stop - half, stop)]


def _find_closest(source: Source, search: list[str]) -> tuple[int, int, int, int] | None:
    """Find the most similar stretch: start, stop, equal and searched lines."""
    keys = [key for key in (fold(line).strip() for line in search) if key]
    votes: Counter[int] = Counter()
    for number, key in enumerate(keys):
        where = source.solid.places.get(key, ())
        for position in where[:50]:
            votes[max(0, position - number)] += 1 + 10 // len(where)
    if not votes:
        return _find_by_words(source, keys)
    position, _ = max(votes.items(), key=lambda item: (item[1], -item[0]))
    start = source.solid.rows[position]
    stop = source.solid.rows[min(len(source.solid.rows) - 1, position + len(keys) - 1)] + 1
    there = Counter(key for key in source.keys[start:stop] if key)
    return start, stop, sum((there & Counter(keys)).values()), len(keys)


def _find_by_words(source: Source, keys: list[str]) -> tuple[int, int, int, int] | None:
    """Find the line most like the searched line that has most words."""
    longest = max(keys, key=lambda key: len(set(_WORD.findall(key))), default="")
    words = set(_WORD.findall(longest))
    scores = ((len(words & set(_WORD.findall(key))), -row) for row, key in enumerate(source.keys) if key)
    shared, row = max(scores, default=(0, 0))
    if not words or shared < max(2, len(words) // 2):
        return None
    return max(0, -row - 2), min(len(source.bodies), -row + 3), 0, len(keys)


def _describe_difference(source: Source, search: list[str], start: int, stop: int) -> list[str]:
    """Show the first searched line that is missing, and its nearest line."""
    there = {key: row for row, key in reversed([*enumerate(source.keys[start:stop], start)]) if key}
    for number, line in enumerate(search, start=1):
        key = fold(line).strip()
        if not key or key in there:
            continue
        ratios = [(SequenceMatcher(None, key, other, autojunk=False).ratio(), -row) for other, row in there.items()]
        ratio, row = max(ratios, default=(0.0, 0))
        if ratio < 0.5:
            return [f"Line {number} of the search is not there: {line.strip()}"]
        return [
            f"Line {number} of the search: {line.strip()}",
            f"line {1 - row} of the file: {source.bodies[-row].strip()}",
            _describe_kind(key, source.keys[-row]),
        ]
    return ["All lines are there, but not in this order or not next to each other."]


def _describe_kind(ours: str, actual: str) -> str:
    """Say in what two lines differ: white space, punctuation or words."""
    if "".join(ours.split()) == "".join(actual.split()):
        return "They differ in white space inside the line."
    left = _WORD.findall(ours)
    right = _WORD.findall(actual)
    codes = [code for code in SequenceMatcher(None, left, right, autojunk=False).get_opcodes() if code[0] != "equal"]
    if not codes:
        return "They differ in punctuation."
    _, a, b, c, d = codes[0]
    searched = " ".join(left[a:b]) or "nothing"
    found = " ".join(right[c:d]) or "nothing"
    return f"They differ in words: {searched!r} in the search, {found!r} in the file."


def _describe_replacement(source: Source, hunk: Hunk) -> list[str]:
    """Say where the file has the replacement already, if it has."""
    keys = [key for key in (fold(line).strip() for line in split_lines(hunk.replace)) if key]
    starts = source.solid.places.get(keys[0], []) if len(keys) > 1 else []
    for position in starts[:50]:
        if source.solid.keys[position : position + len(keys)] == keys:
            return [f"The replacement is already in the file at line {source.solid.rows[position] + 1}."]
    return []
