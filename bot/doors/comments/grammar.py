"""Parse commands in GitHub's Markdown, without I/O.

A command is a line of ordinary text that begins with ``/name`` or with a mention of the bot. Text that a page shows as
code or as a quotation, inside a list, or not at all, is never one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_LIKE = 0.75
_MAX_TEXT = 65_536  # characters GitHub takes
_LINE_ENDS = re.compile(r"\r\n?")
_SLASH = re.compile(r"/(?P<name>[A-Za-z][A-Za-z-]{0,30})[.,:;!]?(?=[ \t\n]|\Z)[ \t]*(?P<text>[^\n]*)")
# Elements that a page shows as code or as somebody else's words, or does not show.
_APART = re.compile(r"<(?P<end>/?)(?:blockquote|pre|code|template|noscript|svg|math|textarea)\b", re.I)

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


@dataclass(frozen=True)
class TypedCommand:
    """One command as it was typed."""

    name: str  # in lower case
    text: str  # behind the name
    below: str  # on the lines from the next one to the next command
    known: bool  # else somebody meant us all the same
    nearest: str | None  # known name that it resembles
    mentioned: bool = False  # it began with our name, so nobody else can be meant


def commands_in(text: str, names: Collection[str], mention: str) -> tuple[TypedCommand, ...]:
    """Parse the commands of a text, in order.

    ``names`` are the commands there are; ``mention`` is the bot's name, without ``@`` and ``[bot]``. After a mention
    any first word but "please" counts, also none (""); after a slash only one that is a name or resembles one. One mark
    of punctuation may follow.
    """
    source = _LINE_ENDS.sub("\n", text[:_MAX_TEXT])
    found = _find_addressed(source, names, mention)
    rows = source.split("\n")
    return tuple(
        TypedCommand(
            name=line.name,
            text=line.text.strip(),
            below="\n".join(rows[line.row + 1 : following.row if following else None]).strip(),
            known=line.name in names,
            nearest=_nearest(line.name, names) or _find_named(line, names),
            mentioned=line.mentioned,
        )
        for line, following in zip_longest(found, found[1:])
    )


def begins_with_command(text: str, names: Mapping[str, bool], mention: str) -> bool:
    """Return True if a text begins with a command.

    Such a text is answered as a command. What begins with another name or with a path ("@ben is right", "/tmp is
    hard-coded here") is none, nor is a sentence that begins with our name or with a command's ("/status returns 500",
    "/reviews returns 500"): it may be answered, and still says something. ``names`` are the commands, with whether text
    may follow each; without any only our name makes a command.
    """
    source = _LINE_ENDS.sub("\n", text[:_MAX_TEXT]).strip()
    found = _find_addressed(source, names, mention)
    first = next((line for line in found if line.row == 0), None)
    if first is None or not names or names.get(first.name):
        return first is not None
    words = len(first.text.split())
    if first.name in names:
        return words <= 1 and _says_no_more(source.split("\n"), found, names)
    # "/fiix it" is a slip, "@name why?" a question; what says more is said to be read
    return "\n" not in source and words <= (0 if first.mentioned else 1)


def _says_no_more(rows: Sequence[str], found: Sequence[_Line], names: Mapping[str, bool]) -> bool:
    """Return whether all lines are commands or the text of one."""
    commands = {line.row: line for line in found}
    last = found[0]
    for number, row in enumerate(rows):
        last = commands.get(number, last)
        if row.strip() and number not in commands and not names.get(last.name):
            return False
    return True


def _find_addressed(source: str, names: Collection[str], mention: str) -> list[_Line]:
    """Return the lines that address the bot."""
    return [line for line in _Reader(mention).lines(source) if line.mentioned or _nearest(line.name, names)]


def _nearest(name: str, names: Collection[str]) -> str | None:
    return next(iter(get_close_matches(name, sorted(names), n=1, cutoff=_LIKE)), None)


def _find_named(line: _Line, names: Collection[str]) -> str | None:
    """Return the first command named in a sentence that mentions the bot."""
    words = re.findall(r"[a-z-]+", line.text.lower()) if line.mentioned else []
    return next((word for word in words if word in names), None)


@dataclass(frozen=True)
class _Line:
    """A line that looks like a command; ``row`` counts from 0."""

    row: int
    name: str
    text: str
    mentioned: bool


class _Reader:
    """A reader of command lines in paragraphs and headings of their own."""

    def __init__(self, mention: str) -> None:
        self._parser = _parser(mention)
        self._likely = re.compile(rf"^[ \t]*(?:/[a-z]|@{re.escape(mention)}\b)", re.I | re.M)

    def lines(self, source: str) -> Iterator[_Line]:
        if not self._likely.search(source):
            return
        depth = 0
        for block in self._parser.parse(source):
            row = (block.map or [0])[0]
            at = 0
            for token in self._inside(block):
                if token.type in {"html_block", "html_inline"}:
                    depth = _depth(token.content, depth)
                elif token.type == "command" and block.level == 1 and not depth:
                    row += block.content.count("\n", at, token.meta["at"])
                    at = token.meta["at"]
                    yield _Line(row, token.info.lower(), token.content, token.meta["mentioned"])

    def _inside(self, block: Token) -> list[Token]:
        """Return the inline tokens of a block that may hold a command."""
        if block.type != "inline":
            return [block]
        found: list[Token] = []
        if self._likely.search(block.content) or _APART.search(block.content):
            self._parser.inline.parse(block.content, self._parser, {}, found)
        return found


def _depth(html: str, depth: int) -> int:
    for found in _APART.finditer(_COMMENT.sub("", html)):
        depth = max(0, depth - 1) if found["end"] else depth + 1
    return depth


@lru_cache(maxsize=4)
def _parser(mention: str) -> MarkdownIt:
    """Return a CommonMark parser with an inline token for commands."""
    # It comes only to a place that no code span, comment, tag or link has taken, and takes the rest of the line.
    end = r"[ \t]*(?P<text>[^\n]*)"
    addressed = re.compile(
        rf"@{re.escape(mention)}(?:\[bot\])?(?:[,:]?[ \t]+|(?=\n|\Z))(?:please[ \t]+)?/?(?P<name>\S{{0,40}}){end}", re.I
    )

    def command(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] not in "/@":
            return False
        if state.src[state.src.rfind("\n", 0, state.pos) + 1 : state.pos].strip(" \t"):
            return False  # not the beginning of its line
        by_name = addressed.match(state.src, state.pos, state.posMax)
        found = by_name or _SLASH.match(state.src, state.pos, state.posMax)
        if found is None:
            return False
        if not silent:
            token = state.push("command", "", 0)
            token.info = found["name"].rstrip(".,:;!")
            token.content = found["text"]
            token.meta = {"at": state.pos, "mentioned": by_name is not None}
        state.pos = found.end()
        return True

    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").disable(["inline", "emphasis", "balance_pairs"])
    parser.inline.ruler.before("text", "command", command)
    parser.inline.ruler.before("text", "comment", _comment)
    return parser


def _comment(state: StateInline, silent: bool) -> bool:
    """Skip an HTML comment, even a malformed or unclosed one."""
    if not state.src.startswith("<!--", state.pos):
        return False
    end = state.src.find("-->", state.pos + 4)
    state.pos = state.posMax if end < 0 else min(end + 3, state.posMax)
    return True
