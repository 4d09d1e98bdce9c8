"""Tell code, prose and definitions apart in the source of Markdown."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

Kind = Literal["code", "definition", "prose"]

_KINDS: dict[str, Kind] = {
    "fence": "code", "code_block": "code", "definition": "definition", "inline": "prose", "html_block": "prose",
}  # fmt: skip


class Block(NamedTuple):
    """A block of the source that holds no other block."""

    kind: Kind
    start: int  # at the beginning of its first line
    end: int  # behind its last line
    content: str  # code, a definition's target, or text without the marks of quotations and lists
    title: str = ""  # of a definition


def blocks(text: str) -> tuple[Block, ...]:
    """Return the blocks of a text in order, inside quotations and lists too.

    Lines end with ``\\n``. A table is prose, as is HTML. Milliseconds for an issue.
    """
    starts = [0, *(match.end() for match in re.finditer("\n", text)), len(text)]
    found = []
    for token in _parser().parse(text):
        kind = _KINDS.get(token.type)
        if kind is not None and token.map is not None:
            start, end = (starts[min(row, len(starts) - 1)] for row in token.map)
            content = token.meta["url"] if kind == "definition" else token.content
            found.append(Block(kind, start, end, content, token.meta.get("title") or ""))
    return tuple(found)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"inline_definitions": True}).disable("inline")
