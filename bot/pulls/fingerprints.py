"""Identify a finding across rebases, reformatting and rewording.

All functions here are pure. A finding is identified by its path, the definition around it, its code without layout and
comments, and the rule it breaks. On a later head it is found again by its code (:func:`relocate`); then two findings
can be compared.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple

from bot.context.languages import language_of
from bot.context.outline import Definition, read_outline
from bot.pulls.records import Finding
from bot.pulls.similarity import NEAR, Wording, measure_similarity, read_wordings

# Characters of the largest text that is parsed for definitions.
_OUTLINED = 1 << 20
# Lines above and below a finding outside of every definition that count as its surroundings.
_WINDOW = 10
_STRINGS = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Identity:
    """Identity of a finding; see :func:`rule_of` for ``rule``."""

    path: str
    symbol: str
    snippet: str
    rule: str
    wordings: tuple[Wording, ...]

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits of everything but the wording."""
        return digest(self.path, self.symbol, self.snippet, self.rule)


class LineRange(NamedTuple):
    """Lines of a file, numbered from 1, both ends included."""

    first: int
    last: int


def identify(finding: Finding) -> Identity:
    """Build a finding's identity; quote and symbol must be the file's."""
    return Identity(
        path=finding.path,
        symbol=finding.symbol,
        snippet=normalise(finding.quote, finding.path),
        rule=rule_of(finding),
        wordings=read_wordings(finding.title, finding.claim),
    )


def fingerprint(finding: Finding) -> str:
    """Compute a name that survives rebases, layout, comments and wording."""
    return identify(finding).fingerprint


def rule_of(finding: Finding) -> str:
    """Return outcomes' key: ``<tool>:<rule>`` or ``model:<concern>``."""
    return f"model:{finding.concern}" if finding.source == "model" else finding.source


def is_same_finding(one: Identity, other: Identity) -> bool:
    """Return whether two findings at one head say the same.

    They do where the same code breaks the same rule, or where their words are alike. A quote that contains the other
    one's whole quote is the same code only where the words agree.
    """
    if (one.path, one.symbol) != (other.path, other.symbol):
        return False
    if one.snippet == other.snippet and one.rule == other.rule:
        return True
    holds = f" {one.snippet} " in f" {other.snippet} " or f" {other.snippet} " in f" {one.snippet} "
    return holds and measure_similarity(one.wordings, other.wordings) >= NEAR


def relocate(finding: Finding, text: str) -> Finding | None:
    """Move a finding to where its code stands in a new text of its file.

    Returns it with whole lines as quote and today's line and symbol, or None where the code is gone. Of several places,
    lines that are no more than the quote win, then those in the same definition, then the nearest to the old line.
    Parses the file: call it in a thread.
    """
    places = find_occurrences(finding.quote, text, finding.path)
    if not places:
        return None
    outlined = read_definitions(text, finding.path)
    lines = text.replace("\r\n", "\n").split("\n")
    found: list[Finding] = []
    for place in places:
        quote = "\n".join(lines[place.first - 1 : place.last])
        symbol = symbol_of(find_innermost(outlined, place.last))
        found.append(finding.model_copy(update={"line": place.first, "quote": quote, "symbol": symbol}))
    wanted = normalise(finding.quote, finding.path)
    line = finding.line or 1

    def rank(one: Finding) -> tuple[bool, bool, int]:
        wider = normalise(one.quote, one.path) != wanted
        return wider, one.symbol != finding.symbol, abs((one.line or 1) - line)

    return min(found, key=rank)


def is_unchanged(old: Finding, new: Finding | None) -> bool:
    """Return whether a relocated finding has the lines it had."""
    return new is not None and normalise(old.quote, old.path) == normalise(new.quote, new.path)


def find_occurrences(code: str, text: str, path: str, *, bare: bool | None = None) -> tuple[LineRange, ...]:
    """Find every place of a piece of code, whatever its layout and comments.

    Code that is not found without its comments (it is one, or a part of one) is looked for with them; ``bare`` allows
    only one of the two ways: without comments (True) or with them (False).
    """
    if bare is not None:
        return _find(code, text, path, bare=bare)
    return _find(code, text, path, bare=True) or _find(code, text, path, bare=False)


def normalise(code: str, path: str) -> str:
    """Normalise code to its tokens, separated by blanks.

    Layout, comments, kinds of quotes and trailing commas make no difference. Code that is only a comment keeps its
    words.
    """
    return _read_tokens(code, path, bare=True).joined or _read_tokens(code, path, bare=False).joined


def is_comment(line: str, path: str) -> bool:
    """Return whether a line holds nothing but a comment."""
    return not _read_tokens(line, path, bare=True).joined and bool(line.strip())


def tokenize(line: str) -> tuple[str, ...]:
    """Split a line of code into tokens, its comments included."""
    return tuple(_TOKEN.findall(line.replace('"', "'")))


def read_surroundings(finding: Finding, text: str) -> tuple[str, str]:
    """Return digest and text of the definition, or lines, around a finding."""
    lines = text.replace("\r\n", "\n").split("\n")
    line = min(finding.line or 1, len(lines))
    outlined = read_definitions(text, finding.path)
    around = find_innermost((one for one in outlined if one.qualified == finding.symbol), line)
    if around is None:
        named = [one for one in outlined if finding.symbol and one.qualified == finding.symbol]
        around = min(named, key=lambda one: abs(one.start - line), default=None)
    first, last = (around.start, around.end) if around else (line - _WINDOW, line + _WINDOW)
    first = max(first, 1)
    code = "\n".join(lines[first - 1 : last])
    shown = "\n".join(f"{number:>5} {line}" for number, line in enumerate(lines[first - 1 : last], first))
    return digest(normalise(code, finding.path)), shown


@lru_cache(maxsize=16)
def read_definitions(text: str, path: str) -> tuple[Definition, ...]:
    """Read a file's definitions. Parses the text: call it in a thread."""
    language = language_of(path)
    return read_outline(text.replace("\r\n", "\n"), language) if language and len(text) <= _OUTLINED else ()


def find_innermost(found: Iterable[Definition], line: int) -> Definition | None:
    """Find the smallest definition around a line (from 1)."""
    around = [one for one in found if one.start <= line <= one.end]
    return min(around, key=lambda one: one.end - one.start, default=None)


def symbol_at(line: int, text: str, path: str) -> str:
    """Name the definition around a line (from 1). Parses: use a thread."""
    return symbol_of(find_innermost(read_definitions(text, path), line))


def symbol_of(definition: Definition | None) -> str:
    """Return a definition's qualified name; "" for None."""
    return definition.qualified if definition else ""


def digest(*parts: str) -> str:
    """Hash strings to 16 hex digits."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _find(code: str, text: str, path: str, *, bare: bool) -> tuple[LineRange, ...]:
    """Find code by its tokens, with comments or (``bare``) without them."""
    wanted = _read_tokens(code, path, bare=bare).joined
    joined, lines, starts = _read_tokens(text, path, bare=bare)
    if not wanted:
        return ()
    patterns = [re.escape(wanted) + "(?= |$)"]
    if wanted.endswith(" ,"):
        # The text has no comma before a closing bracket (_drop_trailing_commas): such a place matches without it.
        patterns.append(re.escape(wanted.removesuffix(" ,")) + r"(?= [)\]}])")
    for pattern in patterns:
        found = re.finditer(rf"(?:(?<= )|^)(?=({pattern}))", joined)
        ends = [(match.start(1), match.end(1) - 1) for match in found]
        if ends:
            return tuple(LineRange(*(lines[bisect_right(starts, at) - 1] for at in pair)) for pair in ends)
    return ()


class _Tokens(NamedTuple):
    """Tokens ``joined`` by blanks, with their line numbers and offsets."""

    joined: str
    lines: tuple[int, ...]
    starts: tuple[int, ...]


@lru_cache(maxsize=64)
def _read_tokens(code: str, path: str, *, bare: bool) -> _Tokens:
    """Read the tokens of code, cached; ``bare`` leaves comments out."""
    language = language_of(path)

    def blank(match: re.Match[str]) -> str:
        return " " + "\n" * match[0].count("\n") if match["comment"] is not None else match[0]

    plain = _strings_and_comments(language.comment).sub(blank, code) if bare and language else code
    numbered = enumerate(plain.replace('"', "'").split("\n"), 1)
    found = list(
        _drop_trailing_commas([(token, number) for number, line in numbered for token in _TOKEN.findall(line)])
    )
    starts = accumulate((len(token) + 1 for token, _ in found), initial=0)
    return _Tokens(" ".join(token for token, _ in found), tuple(number for _, number in found), tuple(starts))


def _drop_trailing_commas(tokens: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Drop commas before a closing bracket, which formatters add and remove."""
    for item, (after, _) in zip(tokens, [*tokens[1:], ("", 0)], strict=False):
        if item[0] != "," or after not in {")", "]", "}"}:
            yield item


@cache
def _strings_and_comments(mark: str) -> re.Pattern[str]:
    """Compile a pattern of strings and comments (the group ``comment``)."""
    # Strings are matched so that a comment's mark inside one does not count.
    c_like = mark == "//"
    strings = _STRINGS + (r"|`(?:\\.|[^`\\])*`" if c_like else "")
    block = r"|/\*.*?(?:\*/|\Z)" if c_like else ""
    return re.compile(rf"{strings}|(?P<comment>{re.escape(mark)}[^\n]*{block})", re.S)
