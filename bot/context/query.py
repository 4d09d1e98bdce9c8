"""Read an issue as a search query: its words, and what points at code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.context.words import STOP, count_terms, identifiers, shingles, split_identifier
from bot.markdown_source import blocks

_MAX_TEXT = 60_000  # characters of an issue; GitHub's own limit is 65,536
_MAX_NAMES = 400  # identifiers kept of an issue
_BLOB_LINK = re.compile(r"https?://[^\s)>\]]{1,200}?/(?:blob|tree|raw|blame)/[^/\s]+/([^\s)>\]#?]+)(?:#L(\d+))?\S*")
_LINK = re.compile(r"https?://[^\s)>\]]+")
_INLINE = re.compile(r"(?<!`)(?P<run>`{1,10})(?!`)(?P<code>[^\n]{1,200}?)(?<!`)(?P=run)(?!`)")
# A comment, or else a code span, which may show one.
_HIDDEN = re.compile(rf"{_INLINE.pattern}|<!--.*?(?:-->|\Z)", re.DOTALL)
# what GitHub writes for a field of a form that was left empty
_PLACEHOLDER = re.compile(r"^[ \t>]*_No response_[ \t]*$", re.MULTILINE)
_DOTTED = re.compile(r"(?<![\w/.])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_PATH = re.compile(r"(?<![\w@])(?:[\w.+-]{1,100}[/\\]){0,15}[\w.+-]{1,100}\.[A-Za-z]\w{0,4}\b")
# What a sample program imports says what it is about to use, not what is broken.
_IMPORTING = re.compile(r"^[ \t>.]*(?:from|import|use|using|#include|require)\b[^\n]*", re.MULTILINE)
_CALLED = re.compile(r"(?<!\w)([A-Za-z_]\w{1,80})\s?\(")
_ERROR = re.compile(r"\b[A-Z]\w{0,80}(?:Error|Exception|Warning|Exit|Interrupt)\b:?[ \t]*([^\n]*)")
_QUOTED = re.compile(r"\"([^\"\n]{8,200})\"|'([^'\n]{8,200})'|“([^”\n]{8,200})”")
_M = re.MULTILINE
_FRAMES = (
    re.compile(r"File \"(?P<path>[^\"\n]{1,300})\", line (?P<line>\d+)(?:, in (?P<name>[\w<>.]+))?"),
    re.compile(
        r"^\s*at (?:async )?(?:(?P<name>[\w$.<>\[\] ]{1,120}?) \()?(?P<path>[^\s():]{1,300}):(?P<line>\d+)(?::\d+)?", _M
    ),
    re.compile(r"^\s*at (?P<name>[\w$.<>]{1,200})\((?P<path>[\w$]+\.(?:java|kt|scala|groovy)):(?P<line>\d+)\)", _M),
    re.compile(
        r"^\s*at (?P<name>[\w$.<>`\[\], ]{1,200})\([^)\n]{0,200}\) in (?P<path>[^\n]{1,300}?):line (?P<line>\d+)", _M
    ),
    re.compile(r"^#\d+ (?P<path>[^\s():]{1,300}\.php)\((?P<line>\d+)\): (?P<name>[\w\\:>-]{1,200})", _M),
    re.compile(r"(?<![\w./\\-])(?P<path>[\w./\\-]{1,300}\.rb):(?P<line>\d+):in [`'](?P<name>[^'\n]{1,120})'"),
    re.compile(r"(?<![\w./\\-])(?P<path>[\w./\\-]{1,300}\.\w{1,4}):(?P<line>\d+)(?P<name>)"),
)  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """A place a traceback or link names; ``rank`` 0: the innermost, if known."""

    path: str
    line: int
    name: str
    rank: int


@dataclass(frozen=True)
class Query:
    """An issue as a search query."""

    terms: dict[str, float]  # words by weight
    title: dict[str, float]  # those of the title
    names: dict[str, float]  # exact identifiers by weight; 3 is sure
    dotted: tuple[str, ...]
    paths: tuple[str, ...]
    frames: tuple[Frame, ...]
    runs: tuple[str, ...]  # of words in what a program may have printed


def read_query(text: str) -> Query:
    """Read a title (first line) and body; at most 60,000 characters count."""
    text = _without_hidden(text[:_MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n"))
    linked = [Frame(path, int(line or 0), "", 0) for path, line in _BLOB_LINK.findall(text)]
    text = _LINK.sub(" ", _BLOB_LINK.sub(" ", text))
    title, _, body = text.strip().partition("\n")
    parts = blocks(body)
    code = "\n".join(block.content for block in parts if block.kind == "code")
    prose = "\n".join(block.content for block in parts if block.kind == "prose")
    frames, untraced = _read_frames(text)
    dotted = tuple(dict.fromkeys(_DOTTED.findall(_IMPORTING.sub(" ", text))))
    return Query(
        terms=_weigh(title, prose, code),
        title=_weigh(title, "", ""),
        names=_find_names(title, prose, code, dotted),
        dotted=dotted,
        paths=tuple(dict.fromkeys(_PATH.findall(untraced))),
        frames=(*frames, *linked),
        runs=tuple(sorted(shingles(_find_output(text)))),
    )


def _without_hidden(text: str) -> str:
    """Drop comments and placeholders outside code, where they are code."""
    done = 0
    pieces: list[str] = []
    for block in blocks(text):
        if block.kind == "code":
            pieces += [text[done : block.start], text[block.start : block.end]]
            done = block.end
    pieces.append(text[done:])
    for at in range(0, len(pieces), 2):
        shown = _HIDDEN.sub(lambda found: found[0] if found["run"] else " ", pieces[at])
        pieces[at] = _PLACEHOLDER.sub("", shown)
    return "".join(pieces)


def _weigh(title: str, prose: str, code: str) -> dict[str, float]:
    """Weigh words by place: a title is chosen, prose written, code pasted."""
    weights: dict[str, float] = {}
    for text, weight, most in ((title, 2.0, 2), (prose, 1.0, 3), (code, 0.5, 3)):
        for term, times in count_terms(text).items():
            if term not in STOP:
                weights[term] = weights.get(term, 0.0) + weight * min(times, most)
    return weights


def _find_names(title: str, prose: str, code: str, dotted: Iterable[str]) -> dict[str, float]:
    """Find identifiers that look like code, surest first if there are many."""
    quoted = " ".join(match["code"] for match in _INLINE.finditer(f"{title}\n{prose}"))
    weights: dict[str, float] = {}
    for name in identifiers(title):
        weights[name] = max(weights.get(name, 0.0), 3.0 if _is_codelike(name) else 1.0)
    for name in identifiers(quoted):
        weights[name] = max(weights.get(name, 0.0), 3.0)
    for name in [*_CALLED.findall(prose), *(part for whole in dotted for part in whole.split("."))]:
        weights[name] = max(weights.get(name, 0.0), 2.0)
    for name in identifiers(prose):
        if _is_codelike(name):
            weights[name] = max(weights.get(name, 0.0), 2.0)
    for name in identifiers(code):
        weights[name] = max(weights.get(name, 0.0), 1.0)
    surest = sorted(weights.items(), key=lambda item: -item[1])[:_MAX_NAMES]
    return {name: weight for name, weight in surest if name.lower() not in STOP}


def _is_codelike(name: str) -> bool:
    return len(split_identifier(name)) > 1 or "_" in name.strip("_")


def _read_frames(text: str) -> tuple[tuple[Frame, ...], str]:
    """Read the frames of every known language, and the text without them."""
    frames: list[Frame] = []
    for pattern in _FRAMES:
        found = [(match["path"], int(match["line"][:9]), match["name"] or "") for match in pattern.finditer(text)]
        innermost_last = pattern is _FRAMES[0]
        for number, (path, line, name) in enumerate(reversed(found) if innermost_last else found):
            frames.append(Frame(path.replace("\\", "/"), line, name.rpartition(".")[2], number))
        text = pattern.sub(" ", text)
    return tuple(frames), text


def _find_output(text: str) -> Iterator[str]:
    """Find what a program may have printed: error lines, quoted passages."""
    yield from _ERROR.findall(text)
    for passages in _QUOTED.findall(text):
        yield from (passage for passage in passages if passage)
    yield from (match["code"] for match in _INLINE.finditer(text))
