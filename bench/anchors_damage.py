"""Quotes and numbers as models give them for a place in a diff, made from places that are known."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from random import Random

from bot.context import lookup
from bot.github.text.diffs import DiffLine, FileDiff, Hunk, Side
from bot.pulls import excerpts

_WORD = re.compile(r"[A-Za-z_]{3,}")
_SPACED = re.compile(r" *([=+*/<>,(){}\[\]:]) *")


@dataclass(frozen=True)
class Target:
    """Lines of one side of a hunk that a comment is meant for."""

    side: Side
    lines: tuple[DiffLine, ...]

    @property
    def first(self) -> int:
        return self.lines[0].number(self.side) or 0

    @property
    def last(self) -> int:
        return self.lines[-1].number(self.side) or 0

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def targets(file: FileDiff, random: Random) -> Iterator[Target]:
    """Pick of each hunk changed lines of both sides, several, an unchanged one."""
    for hunk in file.hunks:
        for side, kind in (("RIGHT", "+"), ("LEFT", "-")):
            yield from _on(hunk, side, kind, random)  # type: ignore[arg-type]
        calm = [line for line in hunk.lines if line.kind == " " and _says(line.text)]
        if calm:
            yield Target("RIGHT", (random.choice(calm),))


def _on(hunk: Hunk, side: Side, kind: str, random: Random) -> Iterator[Target]:
    lines = hunk.on(side)
    changed = [row for row, line in enumerate(lines) if line.kind == kind and _says(line.text)]
    if changed:
        yield Target(side, (lines[random.choice(changed)],))
        first, count = random.choice(changed), random.randint(2, 5)
        rows = list(takewhile(lambda line: side == "RIGHT" or line.kind == kind, lines[first : first + count]))
        while not _says(rows[-1].text):
            rows.pop()
        if len(rows) > 1:
            yield Target(side, tuple(rows))


def _says(text: str) -> bool:
    return _WORD.search(text) is not None


Damage = Callable[[Target, Random], str]


def as_it_is(target: Target, random: Random) -> str:
    return target.text


def blanks_changed(target: Target, random: Random) -> str:
    def line(text: str) -> str:
        return _SPACED.sub(random.choice([r"\1", r" \1 ", r"\1 "]), text.strip())

    return "\n".join(line(text) for text in target.text.split("\n"))


def dedented(target: Target, random: Random) -> str:
    return textwrap.dedent(target.text)


def tabs(target: Target, random: Random) -> str:
    return re.sub("(?m)^( {4})+", lambda found: "\t" * (len(found[0]) // 4), target.text)


def carriage_returns(target: Target, random: Random) -> str:
    return target.text.replace("\n", "\r\n") + "\r\n"


def truncated(target: Target, random: Random) -> str:
    """Cut the end off, with or without dots for it."""
    text = target.text.rstrip()
    return text[: max(8, int(len(text) * random.uniform(0.5, 0.95)))] + random.choice(["", "...", " …"])


def a_part(target: Target, random: Random) -> str:
    """Take an expression out of the line."""
    words = [*_WORD.finditer(target.text)]
    first = random.randrange((len(words) + 1) // 2)
    return target.text[words[first].start() : words[-1].end()]


def a_word_altered(target: Target, random: Random) -> str:
    found = random.choice([*_WORD.finditer(target.text)])
    word = random.choice(["value", "self", "result", "items", found[0][:-1], f"{found[0]}s"])
    return target.text[: found.start()] + word + target.text[found.end() :]


def signed(target: Target, random: Random) -> str:
    return "\n".join(f"{line.kind}{line.text}" for line in target.lines)


def numbered(target: Target, random: Random) -> str:
    return "\n".join(f"{line.number(target.side):>5} | {line.text}" for line in target.lines)


def fenced(target: Target, random: Random) -> str:
    return f"```python\n{textwrap.dedent(target.text)}\n```"


def elided(target: Target, random: Random) -> str:
    rows = target.text.split("\n")
    return "\n".join([rows[0], "    ...", *rows[2:]]) if len(rows) > 2 else target.text


def as_shown(target: Target, random: Random) -> str:
    """Rows of the diff as a review shows them to a model."""
    return "\n".join(excerpts.render_row(line) for line in target.lines)


def as_shown_without_blanks(target: Target, random: Random) -> str:
    return as_shown(target, random).strip()


def as_looked_up(target: Target, random: Random) -> str:
    """Lines of a file as the lookup tools show them."""
    rows = [""] * (target.first - 1) + [line.text for line in target.lines]
    return lookup.number_lines(rows, target.first, target.last)


def as_searched(target: Target, random: Random) -> str:
    """Show a hit as the lookup tools do."""
    return f"src/module.py:{target.first}: {target.lines[0].text.strip()}"


def cut_by_us(target: Target, random: Random) -> str:
    """Cut a line where our tools do."""
    rows = target.text.split("\n")
    long = [row for row, text in enumerate(rows) if len(text.strip()) >= 30]
    if long:
        row = random.choice(long)
        at = len(rows[row]) - random.randint(1, len(rows[row].strip()) - 20)
        rows[row] = f"{rows[row][:at]} … ({len(rows[row]) - at} more characters)"
    return "\n".join(rows)


def signed_in_a_fence(target: Target, random: Random) -> str:
    return f"```diff\n@@ -{target.first},3 +{target.first},4 @@ def code():\n{signed(target, random)}\n```"


DAMAGES: dict[str, Damage] = {
    "as it is": as_it_is,
    "blanks changed": blanks_changed,
    "dedented": dedented,
    "tabs for blanks": tabs,
    "CRLF": carriage_returns,
    "truncated": truncated,
    "a part of it": a_part,
    "a word altered": a_word_altered,
    "with diff signs": signed,
    "with line numbers": numbered,
    "fenced": fenced,
    "lines left out": elided,
    "as a review shows it": as_shown,
    "as a review shows it, stripped": as_shown_without_blanks,
    "as a lookup shows it": as_looked_up,
    "as a search shows it": as_searched,
    "cut by our tools": cut_by_us,
    "with signs in a fence": signed_in_a_fence,
}


def right(line: int, random: Random) -> int | None:
    return line


def off(line: int, random: Random) -> int | None:
    return max(1, line + random.choice((-1, 1)) * random.randint(1, 30))


def absent(line: int, random: Random) -> int | None:
    return None


NUMBERS: dict[str, Callable[[int, Random], int | None]] = {"right": right, "off by 1 to 30": off, "absent": absent}


def _other_operator(text: str, random: Random) -> str:
    signs = {"==": "!=", "!=": "==", "<": ">", ">": "<", " + ": " - ", " - ": " + ", " and ": " or ", " not ": " "}
    there = [sign for sign in signs if sign in text]
    chosen = random.choice(there) if there else ""
    return text.replace(chosen, signs[chosen], 1) if there else text


def _other_value(text: str, random: Random) -> str:
    return re.sub(r"\b\d+\b|'[^']+'|\"[^\"]+\"|True|False|None", f'"{random.randint(100, 999)}"', text, count=1)


def _other_call(text: str, random: Random) -> str:
    return re.sub(r"(\w+)\(([^()]*)\)", rf"run_{random.randint(1, 9)}(self.\2, strict=True)", text, count=1)


INVENTIONS: dict[str, Callable[[str, Random], str]] = {
    "another operator": _other_operator,
    "another value": _other_value,
    "another call": _other_call,
}
"""Lines as they might stand in the file, and do not: what a model makes up."""


def indentations(lines: Sequence[str]) -> dict[str, str]:
    """Yield a replacement as it should be, and as models hand it back."""
    text = "\n".join(lines)
    return {
        "as it is": text,
        "flush left": textwrap.dedent(text),
        "first line flush left": text.lstrip(),
        "fenced": f"```python\n{text}\n```",
        "a blank line around": f"\n{text}\n\n",
    }
