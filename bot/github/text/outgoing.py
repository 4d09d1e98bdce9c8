"""Text on its way out: made harmless, because models write part of it and hostile people write what models read.

All functions here are pure. Code that GitHub surely renders as code is left alone; everywhere else mentions, foreign
links, raw HTML, closing keywords and look-alikes of our markers lose their effect but stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from bot.github.text.markers import MAX_BODY
from bot.redaction import redact_code

__all__ = ["MAX_TEXT", "cap", "outgoing", "outgoing_line"]

MAX_TEXT = MAX_BODY - 1024
"""Characters of a body that leave room for its marker."""
# No more is looked at: a model may answer with megabytes.
_MOST = 4 * MAX_TEXT

_CUT = "\n\n*(This text was longer than GitHub accepts; the rest was left out.)*"
_BREAK = "\u200b"
_MENTION = re.compile(r"@(?=[A-Za-z0-9])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
# Simple containers without attributes, which our own reports use; everything else in angle brackets shows as typed.
_TAG = re.compile(r"<(?!/?(?:details|summary|sub|sup|kbd|br)>)(?=[A-Za-z/!?])", re.I)
_SCHEME = re.compile(r"http(?=s?\\?:)", re.I)
_BARE_HOST = re.compile(r"www\.(?=\w)", re.I)
_RELATIVE_HOST = re.compile(r"(\]\s*[(:]\s*<?)(?=\\?[/\\]\\?[/\\])")
_FOREIGN_ISSUE = re.compile(r"(?<=[\w.-]/)([\w.-]+)#(?=\d)")
_KEYWORD = re.compile(r"((?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?![^\W_])[^A-Za-z0-9#]{0,20})(#|GH-)(\d+)", re.I)
# Closed by its address an issue is closed as well.
_KEYWORD_URL = re.compile(r"((?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?![^\W_])[^A-Za-z0-9#]{0,20})http(?=s?:)", re.I)
# What other programs on GitHub obey: a line that begins with a command.
_COMMAND = re.compile(r"^([ \t]*/)(?=[a-z][a-z-]{0,30}(?:[ \t]|$))", re.I | re.M)
# Turns of the writing direction, control characters: what people would read is not what stands there.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FENCE = re.compile(r"(`{3,}|~{3,})")
_NESTED_FENCE = re.compile(r"(?:[ \t]|[>*+-]|\d+[.)])[ \t>*+\-0-9.)]*(?:```|~~~)")
# In a block of HTML backticks are only backticks.
_HTML_LINE = re.compile(r"^[ \t>*+\-0-9.)]*<", re.M)
_SKIP = re.compile(r"\[(?=(?:skip|ci|no|actions)[ -](?:skip|ci|actions)\])", re.I)
_BLANK = " \t\n"
_RUN = re.compile(r"`+")


def outgoing(text: str, *, closes: int | None = None, links: Sequence[str] = (), secrets: Iterable[str] = ()) -> str:
    """Return a Markdown body that may be posted.

    It is redacted, defused, and short enough for GitHub with its marker. ``closes`` is the one issue whose closing
    keyword keeps its effect; ``links`` are the URL prefixes that stay links.
    """
    unix = redact_code(cap(text, _MOST), secrets).replace("\r\n", "\n").replace("\r", "\n")
    parts = groupby(_parts(_UNSEEN.sub("", unix)), key=itemgetter(0))
    joined = ((code, "".join(part for _, part in some)) for code, some in parts)
    return cap("".join(part if code else _defuse(part, closes, links) for code, part in joined))


def outgoing_line(text: str, *, limit: int = 200, secrets: Iterable[str] = ()) -> str:
    """Return a title or subject: one line, no code, nothing that skips CI."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:_MOST]).split())
    safe = _SKIP.sub("(", _defuse(redact_code(line, secrets), None, ()))
    return safe if len(safe) <= limit else safe[: limit - 1].rstrip() + "…"


def cap(text: str, limit: int = MAX_TEXT) -> str:
    """Return as much of a text as fits, with its fence closed and a note."""
    if len(text) <= limit:
        return text
    kept = text[: limit - len(_CUT) - 16].rsplit("\n", 1)[0]
    fence = ""
    for line in _lines(kept):
        if not fence:
            fence = _find_fence(line)
        elif _ends(line, fence):
            fence = ""
    return kept + (f"\n{fence}" if fence else "") + _CUT


def _defuse(text: str, closes: int | None, links: Sequence[str]) -> str:
    text = _ENTITY.sub("&amp;", text)
    text = _TAG.sub("&lt;", text)
    text = _MENTION.sub(f"@{_BREAK}", text)
    text = _FOREIGN_ISSUE.sub(rf"\1#{_BREAK}", text)
    text = _RELATIVE_HOST.sub(rf"\1{_BREAK}", text)
    text = _BARE_HOST.sub(f"www{_BREAK}.", text)
    text = _COMMAND.sub(rf"\1{_BREAK}", text)
    text = _KEYWORD_URL.sub(r"\1hxxp", text)
    text = _SCHEME.sub(lambda match: match.group() if text.startswith(tuple(links), match.start()) else "hxxp", text)
    return _KEYWORD.sub(
        lambda match: (
            match.group() if (match[2], match[3]) == ("#", str(closes)) else f"{match[1]}{match[2]}{_BREAK}{match[3]}"
        ),
        text,
    )


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """Split a text at what GitHub is sure to render as code.

    Only fences at the start of a line after a blank one are trusted, and none after a fence inside a list or quote:
    where the two could be read differently, everything is defused.
    """
    prose: list[str] = []
    code: list[str] = []
    fence = ""
    sure = True
    before = ""
    for line in _lines(text):
        if fence:
            code.append(line)
            if _ends(line, fence):
                yield True, "".join(code)
                fence = ""
                code = []
        elif sure and not before.strip(_BLANK) and _find_fence(line):
            yield from _prose_parts("".join(prose))
            fence = _find_fence(line)
            prose = []
            code = [line]
        else:
            sure = sure and not _FENCE.match(line) and not _NESTED_FENCE.match(line)
            prose.append(line)
        before = line
    yield from _prose_parts("".join([*prose, *code]))


def _lines(text: str) -> list[str]:
    # Markdown knows no other line ends than these; str.splitlines does.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _find_fence(line: str) -> str:
    """Return the fence that opens on this line, "" where none does."""
    # A backtick fence has no backtick after it.
    found = _FENCE.match(line)
    return "" if found is None or (found[1][0] == "`" and "`" in line[found.end() :]) else found[1]


def _ends(line: str, fence: str) -> bool:
    found = _FENCE.match(line)
    return found is not None and found[1].startswith(fence) and not line[found.end() :].strip(_BLANK)


def _prose_parts(text: str) -> Iterator[tuple[bool, str]]:
    for block in re.split(r"(\n[ \t]*\n)", text):
        lines = _lines(block)
        if "\\`" in block or _HTML_LINE.search(block) or not all(_plain_code(line) for line in lines):
            yield False, block
        else:
            for line in lines:
                yield from _spans(line)


def _plain_code(line: str) -> bool:
    # A code span left open runs on into the next line, and a table cuts one in two at a bar.
    return all("|" not in part if code else "`" not in part for code, part in _spans(line))


def _spans(line: str) -> Iterator[tuple[bool, str]]:
    """Split one line at inline code, as CommonMark matches backticks."""
    at = 0
    while (opening := _RUN.search(line, at)) is not None:
        closing = next((run for run in _RUN.finditer(line, opening.end()) if run[0] == opening[0]), None)
        if closing is None:
            break
        yield False, line[at : opening.start()]
        yield True, line[opening.start() : closing.end()]
        at = closing.end()
    yield False, line[at:]
