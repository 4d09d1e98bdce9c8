"""Text from GitHub on its way into a prompt: hidden parts removed, the rest fenced as data.

Nothing here decides what the bot may do; it only keeps readers, human and model, looking at the same words.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Generator, Iterator

from bot.markdown_source import blocks

# Of what may hide text and what shows it as code, whatever begins first wins: a comment may hold backticks, and code
# may show a comment. Where it ends is looked for apart, once for each kind: one pattern for both would begin anew at
# every opening. An escaped backtick opens nothing.
_BEGINS = re.compile(r"(?P<comment><!--)|(?i:<(?P<tag>script|style|template|noscript|svg|math)\b)|\\[\\`]|(?P<run>`+)")
# "[INFO]: done" and "[GET]: /api/users" are definitions for the page, and lines of a log for whoever pasted them;
# they hide no more than a word, a path or the address of a host, and perhaps one more ("[ERROR]: timeout (30s)")
_WORD = re.compile(r"https?://[\w.-]{1,60}(?::\d{1,5})?/?|(?!\w*://)[\w./=:%@+'\"()-]{1,60}")
_ATTRIBUTE = re.compile(
    r"\s(?:alt|title|aria-[\w-]+|data-[\w-]+|style|hidden)\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
# Everything below takes what it can and gives nothing back: hostile text must not buy time.
_TITLE = r"(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\))"
_IMAGE = re.compile(
    r"!\[(?:[^\[\]]|\[[^\[\]]{0,500}+\]){0,4000}+\]"
    r"(?:\(\s*+([^)\s]{1,2000}+)[^)]{0,2000}+\)|\[[^\[\]\n]{0,500}+\])"
)
_LINK_TITLE = re.compile(rf"(\]\((?:<[^<>\n]{{0,2000}}+>|[^()\s]{{1,2000}}+))\s++{_TITLE}\s*+\)", re.DOTALL)
_KEEP = {"\n", "\t"}
_UNSEEN = {"Cf", "Cc", "Co", "Cn"}


def visible(text: str) -> str:
    """Return the text as a reader of the rendered page sees it.

    HTML comments, hidden elements, tooltip attributes, image alternatives, link titles and reference definitions go;
    so do zero-width, bidirectional and other control characters. Code is shown as it was typed, wherever the page shows
    it as code.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return without_unseen("".join(part if code else _render(part) for code, part in _parts(text)))


def visible_title(text: str) -> str:
    """Return a title as a reader sees it: no Markdown, tags as typed."""
    return " ".join(without_unseen(text).split())


def without_unseen(text: str) -> str:
    """Return the text without control characters; line ends and tabs stay."""
    return "".join(char for char in text if char in _KEEP or unicodedata.category(char) not in _UNSEEN)


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield what is not hidden, in pieces, each with whether it is code."""
    at = 0
    for block in blocks(text):
        if block.end <= at:
            continue
        start = max(block.start, at)
        yield False, text[at:start]
        if block.kind == "code":
            yield True, text[start : block.end]
        elif block.kind == "prose":
            at = yield from _prose(text, start, block.end)
        elif _WORD.fullmatch(block.content) and (not block.title or _WORD.fullmatch(block.title)):
            yield False, text[start : block.end]
        at = max(at, block.end)
    yield False, text[at:]


def _prose(text: str, at: int, end: int) -> Generator[tuple[bool, str], None, int]:
    """Yield the same of a block of prose; return where what it hides ends."""
    done = at
    never: set[str] = set()
    while (found := _BEGINS.search(text, at, end)) is not None:
        at = found.end()
        run = found["run"]
        if run in never or not (run or found["comment"] or found["tag"]):
            continue
        closed = _span_end(text, run, at, end) if run else _hidden_end(text, found)
        if closed is None:
            never.add(run)
            continue
        yield False, text[done : found.start()]
        if run:
            yield True, text[found.start() : closed]
        done = at = closed
    yield False, text[done:end]
    return done


def _span_end(text: str, run: str, at: int, end: int) -> int | None:
    """Return where as many backticks close a code span, if they do."""
    closing = re.compile(rf"(?<!`){run}(?!`)").search(text, at, end)
    return closing.end() if closing else None


def _hidden_end(text: str, found: re.Match[str]) -> int:
    """Return the end of a comment or hidden element, or else of the text."""
    pattern = rf"</{found['tag']}\s*+>" if found["tag"] else "-->"
    closing = re.compile(pattern, re.IGNORECASE).search(text, found.end())
    return closing.end() if closing else len(text)


def _render(text: str) -> str:
    text = _TAG.sub(lambda match: _ATTRIBUTE.sub("", match.group()), text)
    text = _IMAGE.sub(lambda match: f"(image: {match[1]})" if match[1] else "(image)", text)
    text = _LINK_TITLE.sub(r"\1)", text)
    return html.unescape(text) if "&" in text else text


def fence(label: str, text: str, *, nonce: str) -> str:
    """Fence a text as data; it cannot know the nonce that closes it."""
    return f"<untrusted-{nonce} source={label!r}>\n{text.replace(nonce, '')}\n</untrusted-{nonce}>"
