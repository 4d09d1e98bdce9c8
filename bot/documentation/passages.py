"""Cut prose and docstrings into passages: paragraphs, list items, tables, code blocks, each with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

from bot.documentation.modules import Docstring, Module

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

Kind = Literal["prose", "heading", "code"]

_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:_])\1{2,}\s*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([\w+-]*)")
_DIRECTIVE = re.compile(r"\s*\.\. (?:code-block|code|sourcecode|doctest|testcode|prompt)::\s*([\w+-]*)")
_ADOC_HEADING = re.compile(r"={1,5} \S")
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")


class Passage(NamedTuple):
    """A part of a page or docstring that is read, and mended, as one."""

    path: str
    start: int  # first and last line, from 1
    end: int
    kind: Kind
    text: str
    heading: str = ""  # above it; of a docstring what it documents, as ``module.Class.method``
    language: str = ""  # of code


def read_passages(path: str, text: str) -> tuple[Passage, ...]:
    """Cut a page into passages by the format its suffix names."""
    if PurePosixPath(path).suffix.lower() in {".md", ".markdown"}:
        return tuple(_read_markdown(path, text))
    return tuple(_read_plain(path, text.split("\n"), 1, ""))


def read_docstrings(module: Module) -> tuple[Passage, ...]:
    """Cut the docstrings of a module into passages."""
    found = [*_read_docstring(module.path, module.name, module.docstring)]
    for symbol in module.symbols.values():
        found += _read_docstring(module.path, f"{module.name}.{symbol.name}", symbol.docstring)
    return tuple(found)


def _read_docstring(path: str, owner: str, docstring: Docstring | None) -> Iterator[Passage]:
    if docstring is None:
        return
    for one in _read_plain(path, docstring.text.split("\n"), docstring.start, owner):
        yield one._replace(heading=owner, end=min(one.end, docstring.end))


def _read_markdown(path: str, text: str) -> Iterator[Passage]:
    lines = text.split("\n")
    heading = ""
    opened = ""
    for token in _markdown().parse(text):
        if token.type == "heading_open":
            opened = token.tag
        if token.map is None or token.type not in {"inline", "fence", "code_block", "html_block"}:
            continue
        first, last = token.map
        body = "\n".join(lines[first:last]).rstrip()
        if token.type in {"fence", "code_block"}:
            language = (token.info.split() or [""])[0].strip("{}").lower()
            yield Passage(path, first + 1, last, "code", token.content, heading, language)
        elif opened:
            heading = token.content
            yield Passage(path, first + 1, last, "heading", heading, heading)
        else:
            yield Passage(path, first + 1, last, "prose", body, heading)
        opened = ""


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


def _read_plain(path: str, lines: Sequence[str], first: int, heading: str) -> Iterator[Passage]:
    """Cut reStructuredText, AsciiDoc, plain text and docstrings."""
    row = 0
    promised: str | None = None  # the language of the indented block that is to come
    while row < len(lines):
        if not lines[row].strip():
            row += 1
            continue
        end = _find_end(lines, row)
        kind: Kind = "prose"
        language = ""
        text = "\n".join(lines[row:end])
        fence = _FENCE.match(lines[row])
        if fence is not None:
            end = _find_fence_end(lines, row, fence[1])
            kind, language, text = "code", fence[2].lower(), "\n".join(lines[row + 1 : end - 1])
        elif lines[row].lstrip().startswith(">>>"):
            kind, language = "code", "pycon"
        elif promised is not None and lines[row][:1].isspace():
            end = _find_dedent(lines, row)
            kind, language, text = "code", promised, "\n".join(lines[row:end])
        elif (title := _read_heading(lines, row)) is not None:
            kind, heading = "heading", title
        yield Passage(path, first + row, first + end - 1, kind, text, heading, language)
        promised = _promised_block(lines[end - 1] if kind == "prose" else "", lines[row])
        row = end


def _promised_block(last: str, opening: str) -> str | None:
    """Return the language of the block that a paragraph announces, if any."""
    directive = _DIRECTIVE.fullmatch(opening.rstrip())
    if directive is not None:
        return directive[1].lower() or "python"
    return "" if last.rstrip().endswith("::") and not last.lstrip().startswith("..") else None


def _find_end(lines: Sequence[str], row: int) -> int:
    """Find the end of a paragraph, or of a list's item."""
    end = row + 1
    while end < len(lines) and lines[end].strip() and not _BULLET.match(lines[end]) and not _FENCE.match(lines[end]):
        end += 1
    return end


def _find_fence_end(lines: Sequence[str], row: int, mark: str) -> int:
    for end in range(row + 1, len(lines)):
        if lines[end].strip().startswith(mark):
            return end + 1
    return len(lines)


def _find_dedent(lines: Sequence[str], row: int) -> int:
    """Find the end of an indented block, blank lines at its end left out."""
    indent = len(lines[row]) - len(lines[row].lstrip())
    end = row + 1
    for number in range(row + 1, len(lines)):
        line = lines[number]
        if line.strip():
            if len(line) - len(line.lstrip()) < indent:
                break
            end = number + 1
    return end


def _read_heading(lines: Sequence[str], row: int) -> str | None:
    """Return the title that begins in a row; None where none does."""
    if _ADOC_HEADING.match(lines[row]):
        return lines[row].lstrip("= ").strip()
    if _UNDERLINE.fullmatch(lines[row]):
        return lines[row + 1].strip() if row + 2 < len(lines) and lines[row + 2].startswith(lines[row][:3]) else None
    underlined = row + 1 < len(lines) and _UNDERLINE.fullmatch(lines[row + 1]) and not lines[row].startswith(" ")
    return lines[row].strip() if underlined else None
