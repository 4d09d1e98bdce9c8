"""What a finding is about, in a form that survives rebases, reformatting and other words for the same thing.

Pure functions. A finding is known by its path, the definition around it, its code without layout and comments, and the
rule it breaks. On a later head it is found again by its code (:func:`relocate`); then two findings can be compared.
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

_OUTLINED = 1 << 20
_STRINGS = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Identity:
    """What makes a finding the one it is; see :func:`rule_of` for ``rule``."""

    path: str
    symbol: str
    snippet: str
    rule: str
    wordings: tuple[Wording, ...]

    @property
    def fingerprint(self) -> str:
        """16 hex digits of everything but the wording."""
        return digest(self.path, self.symbol, self.snippet, self.rule)


class LineRange(NamedTuple):
    """Where code stands: line numbers from 1, both included."""

    first: int
    last: int


def identify(finding: Finding) -> Identity:
    """The identity of a finding whose ``quote`` and ``symbol`` are those of the file."""
    return Identity(
        path=finding.path,
        symbol=finding.symbol,
        snippet=normalise(finding.quote, finding.path),
        rule=rule_of(finding),
        wordings=read_wordings(finding.title, finding.claim),
    )


def fingerprint(finding: Finding) -> str:
    """The short name of a finding: the same after a rebase, another indentation, other comments or other words."""
    return identify(finding).fingerprint


def rule_of(finding: Finding) -> str:
    """What outcomes are counted by: ``<tool>:<rule>``, or ``model:<concern>``."""
    return f"model:{finding.concern}" if finding.source == "model" else finding.source


def is_same_finding(one: Identity, other: Identity) -> bool:
    """Whether two findings at one head say the same: the same code by the same rule, or in words that are alike.

    A quote that holds the other one's whole quote is the same code only where the words agree.
    """
    if (one.path, one.symbol) != (other.path, other.symbol):
        return False
    if one.snippet == other.snippet and one.rule == other.rule:
        return True
    holds = f" {one.snippet} " in f" {other.snippet} " or f" {other.snippet} " in f" {one.snippet} "
    return holds and measure_similarity(one.wordings, other.wordings) >= NEAR


def relocate(finding: Finding, text: str) -> Finding | None:
    """The finding as the text of its file has it: whole lines as quote, line and symbol of now; None where it is gone.

    Of several places lines that are no more than the quote win, then those in the same definition, then the nearest to
    the old line. Parses the file: call it in a thread.
    """
    places = find_occurrences(finding.quote, text, finding.path)
    if not places:
        return None
    outlined, lines = read_definitions(text, finding.path), text.replace("\r\n", "\n").split("\n")
    found = [_placed(finding, place, lines, symbol_of(find_innermost(outlined, place.last))) for place in places]
    wanted, line = normalise(finding.quote, finding.path), finding.line or 1

    def rank(one: Finding) -> tuple[bool, bool, int]:
        wider = normalise(one.quote, one.path) != wanted
        return wider, one.symbol != finding.symbol, abs((one.line or 1) - line)

    return min(found, key=rank)


def is_unchanged(old: Finding, new: Finding | None) -> bool:
    """Whether the lines of a relocated finding are those they were."""
    return new is not None and normalise(old.quote, old.path) == normalise(new.quote, new.path)


def find_occurrences(code: str, text: str, path: str, *, bare: bool | None = None) -> tuple[LineRange, ...]:
    """Every place where code stands in a text, whatever its layout and comments.

    Where it does not stand without its comments (it is one, or a piece of one), it may stand with them; ``bare`` looks
    in one of the two ways only.
    """
    if bare is not None:
        return _found(code, text, path, bare=bare)
    return _found(code, text, path, bare=True) or _found(code, text, path, bare=False)


def normalise(code: str, path: str) -> str:
    """The tokens of code, separated by blanks: layout, comments, quotes and last commas make no difference.

    Code that is only a comment keeps its words.
    """
    return _tokens(code, path, bare=True).joined or _tokens(code, path, bare=False).joined


def is_comment(line: str, path: str) -> bool:
    """Return whether a line holds nothing but a comment."""
    return not _tokens(line, path, bare=True).joined and bool(line.strip())


def tokenize(line: str) -> tuple[str, ...]:
    """The tokens of a line of code, its comments included."""
    return tuple(_TOKEN.findall(line.replace('"', "'")))


@lru_cache(maxsize=16)
def read_definitions(text: str, path: str) -> tuple[Definition, ...]:
    """The definitions of a file, none where its language is not understood. Parses: call it in a thread."""
    language = language_of(path)
    return read_outline(text.replace("\r\n", "\n"), language) if language and len(text) <= _OUTLINED else ()


def find_innermost(found: Iterable[Definition], line: int) -> Definition | None:
    """The smallest definition around a line (from 1)."""
    around = [one for one in found if one.start <= line <= one.end]
    return min(around, key=lambda one: one.end - one.start, default=None)


def symbol_at(line: int, text: str, path: str) -> str:
    """Return the qualified name of the definition around a line (from 1), "" where there is none. Parses the text."""
    return symbol_of(find_innermost(read_definitions(text, path), line))


def symbol_of(definition: Definition | None) -> str:
    """A definition's qualified name; "" for none."""
    return definition.qualified if definition else ""


def digest(*parts: str) -> str:
    """16 hex digits."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _found(code: str, text: str, path: str, *, bare: bool) -> tuple[LineRange, ...]:
    wanted = _tokens(code, path, bare=bare).joined
    joined, lines, starts = _tokens(text, path, bare=bare)
    # What was quoted with its last comma may stand before a bracket, where the text's comma is not seen.
    patterns = [re.escape(wanted) + "(?= |$)", re.escape(wanted.removesuffix(" ,")) + r"(?= [)\]}])"]
    for pattern in patterns[: 2 if wanted.endswith(" ,") else 1] if wanted else ():
        found = re.finditer(rf"(?:(?<= )|^)(?=({pattern}))", joined)
        ends = [(match.start(1), match.end(1) - 1) for match in found]
        if ends:
            return tuple(LineRange(*(lines[bisect_right(starts, at) - 1] for at in pair)) for pair in ends)
    return ()


class _Tokens(NamedTuple):
    """Tokens of code, separated by blanks; of each the number of its line, and where it begins in ``joined``."""

    joined: str
    lines: tuple[int, ...]
    starts: tuple[int, ...]


@lru_cache(maxsize=64)
def _tokens(code: str, path: str, *, bare: bool) -> _Tokens:
    """The tokens of code, kept for the many quotes that are looked up in one text; ``bare`` leaves comments out."""
    language = language_of(path)
    plain = _comments(language.comment).sub(_blanked, code) if bare and language else code
    numbered = enumerate(plain.replace('"', "'").split("\n"), 1)
    found = list(_without_last_commas([(token, number) for number, line in numbered for token in _TOKEN.findall(line)]))
    starts = accumulate((len(token) + 1 for token, _ in found), initial=0)
    return _Tokens(" ".join(token for token, _ in found), tuple(number for _, number in found), tuple(starts))


def _placed(finding: Finding, place: LineRange, lines: list[str], symbol: str) -> Finding:
    quote = "\n".join(lines[place.first - 1 : place.last])
    return finding.model_copy(update={"line": place.first, "quote": quote, "symbol": symbol})


def _without_last_commas(tokens: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Formatters add and remove a comma before a closing bracket."""
    for item, (after, _) in zip(tokens, [*tokens[1:], ("", 0)], strict=False):
        if item[0] != "," or after not in {")", "]", "}"}:
            yield item


@cache
def _comments(mark: str) -> re.Pattern[str]:
    """Strings and comments of a language; only in comments the group ``comment`` takes part."""
    c_like = mark == "//"
    strings = _STRINGS + (r"|`(?:\\.|[^`\\])*`" if c_like else "")
    block = r"|/\*.*?(?:\*/|\Z)" if c_like else ""
    return re.compile(rf"{strings}|(?P<comment>{re.escape(mark)}[^\n]*{block})", re.S)


def _blanked(match: re.Match[str]) -> str:
    return " " + "\n" * match[0].count("\n") if match["comment"] is not None else match[0]
