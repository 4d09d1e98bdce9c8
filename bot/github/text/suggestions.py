"""Make suggestion blocks that can be committed with a click."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.github.text.anchors import Anchor
from bot.github.text.diffs import FileDiff

BrokenBy = Callable[[str, str, str], object]
"""(path, text before, text after) -> something true where the file parsed before and does not after."""

_FENCE = re.compile(r"`{3,}|~{3,}")
_LEFT_OUT = re.compile(r"\s*(?:(?:\.{3}|…)|(?:#|//|--|/\*|<!--)\s*(?:\.{3}|…).*)\s*")
# a shorter line of one word may well stand twice in a row
_TELLING = 8
_WORDS = re.compile(r"\w+\W+\w")
# lines up to which a block's first line is looked for, and any other line that is brought along
_FAR = 200
_NEAR = 3
# short first lines of blocks: keys of YAML, which stand once, and those that stand everywhere
_KEY = re.compile(r"[\w.-]+:")
_COMMON = {"else:", "try:", "finally:", "default:", "except:"}
_REMARK = re.compile(r"\s+(?:#|//|--)\s.*")
_MARKDOWN = (".md", ".mdx", ".markdown", ".rst", ".adoc")
_NUMBER = re.compile(r"\s*(?:L|line )?(\d+)(?:\s*[|:]|\s)\s*\S", re.I)


def suggestion(
    anchor: Anchor, file: FileDiff, head_text: str, replacement: str, *, quote: str = "", broken_by: BrokenBy
) -> str | None:
    """Return a ``suggestion`` block, None where none can be committed.

    It puts ``replacement`` where ``quote`` stands in the anchored lines of the head; without a quote it replaces those
    lines whole. Indentation is made that of the file, line by line. None where it could not be committed or would do
    harm: the lines are not the head's, the quote is not theirs, nothing changes, or the file would no longer parse.
    Lines around that the replacement brings along are not put there a second time; where it leaves out some of them,
    there is no telling what it means.
    """
    rows = head_text.split("\n")
    first = (anchor.start_line or anchor.line) - 1
    last = anchor.line
    old = [row.removesuffix("\r") for row in rows[first:last]]
    lines = (line for hunk in file.hunks for line in hunk.lines if line.new is not None and first < line.new <= last)
    if anchor.side != "RIGHT" or old != [line.text.removesuffix("\r") for line in lines]:
        return None
    hole = _hole("\n".join(old), quote.replace("\r\n", "\n"))
    if hole is None:
        return None
    around = _Around([*rows[:first]], [*rows[last:]], old)
    given = _strip_signs(_strip_fence(replacement.replace("\r\n", "\n")).strip("\n").split("\n"), old)
    if any(_LEFT_OUT.fullmatch(line) and line not in old for line in given) or _is_no_code(
        given, old, first, file.path
    ):
        return None
    ending = "\r" if rows[first].endswith("\r") else ""
    # A short line that stands above or below as well may be meant to stand twice, but not where that does not parse.
    for wanted in (around.without(given), around.without(given, telling=False)):
        if around.overlaps(wanted):
            return None
        for new in hole.filled("\n".join(wanted), _unit(rows)):
            after = "\n".join([*rows[:first], *(f"{line}{ending}" for line in new), *rows[last:]])
            if new != old and not broken_by(file.path, head_text, after):
                return _block(new)
    return None


def _strip_signs(given: Sequence[str], old: Sequence[str]) -> list[str]:
    """Return the new lines of a replacement that is a diff of the old."""
    gone = [line[1:].strip() for line in given if line.startswith("-")]
    signed = all(line[:1] in {"+", "-", " ", ""} for line in given)
    added = any(line.startswith("+") for line in given) and not any(line.startswith("+") for line in old)
    if not signed or not (gone or added) or not set(gone) <= {line.strip() for line in old}:
        return list(given)
    return [line[1:] for line in given if not line.startswith("-")]


def _is_no_code(given: Sequence[str], old: Sequence[str], first: int, path: str) -> bool:
    """Return whether a replacement has line numbers in it, or a fence.

    ``first`` counts the replaced lines from 0.
    """
    fenced = any(_FENCE.match(line.strip()) for line in given) and not any(_FENCE.match(line.strip()) for line in old)
    if fenced and not path.lower().endswith(_MARKDOWN):
        return True
    number = _NUMBER.match(given[0])
    own = range(first + 1, first + 1 + len(old))
    return number is not None and int(number[1]) in own and not any(_NUMBER.match(line) for line in old)


@dataclass(frozen=True)
class _Around:
    """The lines above, below, and between them: those that are replaced."""

    above: Sequence[str]
    below: Sequence[str]
    old: Sequence[str]

    def overlaps(self, new: Sequence[str]) -> bool:
        """Return whether the replacement begins or ends with other lines around.

        It left out some, or changed their remarks. The first line of a block may be far above.
        """
        solid = [line for line in new if line.strip()]
        if not solid:
            return False
        known = {_squeeze(line) for line in self.old}
        opens = len(solid) > 1 and len(_indent(solid[1].expandtabs(4))) > len(_indent(solid[0].expandtabs(4)))
        above = _list_solid(self.above)[-(_FAR if opens else _NEAR) :]
        key = opens and _KEY.fullmatch(solid[0].strip()) is not None and solid[0].strip() not in _COMMON
        places = (
            (solid[0], above, key or _tells(solid[0].strip())),
            (solid[-1], _list_solid(self.below)[:_NEAR], _tells(solid[-1].strip())),
        )
        return any(
            tells and _squeeze(line) not in known and _squeeze(line) in map(_squeeze, there)
            for line, there, tells in places
        )

    def without(self, new: Sequence[str], *, telling: bool = True) -> list[str]:
        """Return the replacement without lines it brings along needlessly.

        Those are lines of the file above and below. Where they are to be ``telling``, one of them has to say something.
        """
        first = _count_repeated(new, self.above, self.old, telling)
        rest = list(reversed(new[first:]))
        last = _count_repeated(rest, list(reversed(self.below)), list(reversed(self.old)), telling)
        return list(reversed(rest[last:]))


def _count_repeated(new: Sequence[str], above: Sequence[str], old: Sequence[str], telling: bool) -> int:
    """Count first lines that repeat those above, unless the old ones do."""
    known = _list_solid(above)
    replaced = _list_solid(old)
    for count in range(len(new), 0, -1):
        head = _list_solid(new[:count])
        if head and head == known[-len(head) :] and (not telling or any(map(_tells, head))):
            return 0 if replaced[: len(head)] == head else count
    return 0


def _tells(text: str) -> bool:
    return len(text) >= _TELLING or _WORDS.search(text) is not None


def _squeeze(line: str) -> str:
    """Return a line without blanks and without the remark at its end."""
    return "".join(_REMARK.sub("", line).split())


def _list_solid(lines: Sequence[str]) -> list[str]:
    return [text for line in lines if (text := line.strip())]


@dataclass(frozen=True)
class _Hole:
    """The place of a replacement, its first line ``indent`` deep."""

    before: str
    after: str
    indent: str

    def filled(self, replacement: str, unit: int) -> Iterator[list[str]]:
        """Iterate over the lines filled in, likeliest indentation first."""
        lines = replacement.strip("\n").split("\n")
        given = _indent(lines[0])
        for follows in _followers(lines[1:], given, self.indent, unit):
            text = "\n".join([self.before + lines[0].lstrip(), *follows])
            whole = text.rstrip() if not self.after.strip() else text + self.after
            yield whole.split("\n") if whole.strip() else []


def _hole(text: str, quote: str) -> _Hole | None:
    """Find the one place of the quote, all lines if equal but for blanks."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    wanted = quote.strip()
    if wanted and text.count(wanted) == 1:
        before, after = text.split(wanted)
        return _Hole(before, after, _indent(before.rpartition("\n")[2] or first))
    if wanted and "".join(wanted.split()) != "".join(text.split()):
        return None
    return _Hole(_indent(first), "", _indent(first))


def _followers(lines: Sequence[str], given: str, wanted: str, unit: int) -> Iterator[list[str]]:
    """Indent further lines with the first, unless only that lost its own."""
    if "\t" in wanted and not any("\t" in _indent(line) for line in lines):
        moved = [_indent_by_tabs(line.removeprefix(given), wanted) for line in lines]
    else:
        moved = [_shift(line, given, wanted) for line in lines]
    second = next((_indent(line) for line in lines if line.strip()), "")
    ways = [moved, list(lines)]
    yield from ways if len(second.expandtabs(unit)) - len(given.expandtabs(unit)) <= unit else reversed(ways)


def _shift(line: str, given: str, wanted: str) -> str:
    """Move a line as the first was moved from ``given`` to ``wanted``."""
    if not line.strip():
        return ""
    less = len(given) - len(_indent(line))
    return wanted[: len(wanted) - less] + line.lstrip() if less > 0 else wanted + line.removeprefix(given)


def _indent_by_tabs(line: str, wanted: str) -> str:
    depth = len(_indent(line))
    width = 2 if depth % 4 else 4
    return wanted + "\t" * (depth // width) + line.lstrip() if line.strip() else ""


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _unit(rows: Sequence[str]) -> int:
    """Return how many columns the file usually indents by."""
    depths = [len(_indent(row.expandtabs(4))) for row in rows if row.strip()]
    steps = Counter(after - before for before, after in itertools.pairwise(depths) if after > before)
    return steps.most_common(1)[0][0] if steps else 4


def _strip_fence(text: str) -> str:
    first, _, rest = text.strip().partition("\n")
    fence = _FENCE.match(first)
    if fence is None or not rest.endswith(fence[0]):
        return text
    return rest.removesuffix(fence[0]).rstrip(" \t").removesuffix("\n")


def _block(lines: Sequence[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}suggestion\n{text}{fence}"
