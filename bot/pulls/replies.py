"""Read whether a reply rejects our finding or agrees with it.

Pure functions, no model: a hostile text can only speak for who wrote it. Disagreement has to be clear; in doubt a reply
says nothing and the finding stays open. What is quoted, code, struck out, asked or supposed is not what somebody says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.pulls.phrases import Language, read_languages
from bot.pulls.similarity import POINTS, split_paragraphs

Stance = Literal["rejects", "agrees"]

# Characters that are read. A longer reply argues, and is left to people.
_LONGEST = 4_000
_CODE = re.compile(r"(`+)(?!`).{1,400}?(?<!`)\1(?!`)", re.S)
_UNSAID = re.compile(r"~~.{1,2000}?~~|!\[[^\]\n]*\]\([^)\n]*\)|https?://\S+|</?[a-z][^>\n]{0,200}>", re.S | re.I)
_THUMB = re.compile(r":(?:-1|thumbsdown):|^\s*-1\s*$", re.M)
_LINK = re.compile(r"\[([^\]\n]{0,400})\]\([^)\n]{0,2000}\)")
_EMPHASIS = re.compile(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|^\s{0,3}#{1,6}\s+", re.M)
_ADDRESSED = re.compile(r"^\s*@[\w-]+(?:\[bot\])?[,:]?\s*", re.I)
_ITEM = re.compile(r"\n(?=\s*(?:[-*+]|\d+[.)])\s)|(?<=[.!?:;。！？…])[ \t]*\n")
_SENTENCES = re.compile(r"(?<=[!?。！？؟…])|(?<=\.)(?=\s|$)|\n")
# Forms of one letter: of the Arabic alif and ya; a Turkish capital I keeps its dot apart in small letters.
_FOLDED = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "\u0307": None})
_Patterns = Mapping[str, re.Pattern[str]]
_TRIMMED = " .!。\"'“”„«»-"
_NOT = (
    (re.compile(r"\bwon'?t\b(?! ?fix\b)"), "will not"),
    (re.compile(r"\bcan(?:'t|not|t)\b"), "can not"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|would|should|could|need|must)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(that|this|it|there|what|here|he|she)'s\b"), r"\1 is"),
    (re.compile(r"\blet'?s\b"), "let us"),
    (re.compile(r"\b(you|they|we)'re\b"), r"\1 are"),
    (re.compile(r"\bi'm\b"), "i am"),
    (re.compile(r"\b(i|we|you|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(i|we|you|they|that|it)'ll\b"), r"\1 will"),
    (re.compile(r"\b(i|we|you|they)'d\b"), r"\1 would"),
)
# A question needs no mark: "is this intended", "why is it by design".
_ASKS = re.compile(
    r"(?:or|and|but|so|hm+|wait)?,? ?(?:(?:is|are|was|were|does|do|did|has|have|will|would|could|should|can)(?: not)? "
    r"(?:this|that|it|there|these|those|the|your|you|we|i|he|she|they)|why|how|shall|"
    r"ist das|war das|warum|wieso|est-ce|pourquoi|¿|почему|зачем|разве|czy|dlaczego|czemu|neden|niye|هل|لماذا)\b"
)
_UNSURE = re.compile(r"\bam i (?:missing|wrong|mistaken|right)|\b(?:correct me|not sure|unsure|or not)\b|^or\b")


@dataclass(frozen=True)
class _Clause:
    """Clause of a sentence."""

    text: str
    sentence: int  # from 0
    follows: str = ""  # the mark before it, or "turn" or "reason"; "" at the beginning


def read_stance(body: str, *, to_us: bool = True) -> Stance | None:
    """Return what a reply says of our finding.

    Returns None where that is not clear. Whoever speaks after another person (not ``to_us``) may mean them by a bare
    "no" or "I disagree".
    """
    if body.lstrip().lower().startswith("/ignore"):
        return "rejects"
    if len(body) > _LONGEST:
        return None
    sentences = list(_sentences(_plain(body)))
    said = [
        sentence
        for sentence in sentences
        if not sentence.rstrip(" .!)\"'").endswith(("?", "؟")) and _ASKS.match(sentence) is None
    ]
    parts = [(language.patterns, tuple(_clauses(language, said))) for language in read_languages()]
    fixes = (
        (find["negates"].search(clause.text, 0, match.start()) is None)
        for find, clauses in parts
        for clause in clauses
        for match in find["mends"].finditer(clause.text)
    )
    if any(fixes):
        return "agrees"
    if any(_UNSURE.search(sentence) for sentence in sentences):
        return None
    rejected = any(_rejects(find, clauses, to_us=to_us) for find, clauses in parts)
    return "rejects" if rejected else None


def _plain(body: str) -> str:
    """Return a reply's own words, small, without quotations, code and links."""
    own = "\n".join(line for line in body.replace("\r\n", "\n").split("\n") if not line.lstrip().startswith(">"))
    text = "\n\n".join(split_paragraphs(own))
    for pattern, instead in (
        (_THUMB, "\N{THUMBS DOWN SIGN}"),
        (_CODE, " code "),
        (_UNSAID, " "),
        (_LINK, r"\1"),
        (_EMPHASIS, ""),
    ):
        text = pattern.sub(instead, text)
    text = POINTS.sub("", unicodedata.normalize("NFKC", text).casefold()).translate(_FOLDED)
    text = _ADDRESSED.sub("", re.sub("[’‘´`]", "'", text))
    for pattern, instead in _NOT:
        text = pattern.sub(instead, text)
    return text


def _sentences(text: str) -> Iterator[str]:
    """Split a text into sentences; a line that only wraps goes on."""
    for paragraph in re.split(r"\n\s*\n", text):
        whole = "\n".join(" ".join(row.split()) for row in _ITEM.split(paragraph))
        yield from (found.strip(" *+\t") for found in _SENTENCES.split(whole) if found.strip(" .!-*+\t\n"))


def _clauses(language: Language, sentences: Sequence[str]) -> Iterator[_Clause]:
    """Split sentences at marks and at words of contrast and of reason."""
    for number, sentence in enumerate(sentences):
        at = 0
        follows = ""
        for match in (*language.breaks.finditer(sentence), None):
            text = sentence[at : match.start() if match is not None else None].strip(_TRIMMED)
            if text:
                yield _Clause(text, number, follows)
                follows = ""
            if match is not None:
                # A turn behind a comma is a turn.
                follows = match.lastgroup or follows or match[0]
                at = match.end()


def _rejects(find: _Patterns, clauses: Sequence[_Clause], *, to_us: bool) -> bool:
    """Return whether a reply that announces no fix is against the finding."""
    praised = thanked = False
    changing = [find["changes"].search(clause.text) is not None for clause in clauses]
    changes = sum(changing)
    lengths = Counter(clause.sentence for clause in clauses)
    for number, clause in enumerate(clauses):
        if clause.follows == "turn":
            praised = thanked = False
        praised = praised or find["praises"].search(clause.text) is not None
        thanked = thanked or find["thanks"].search(clause.text) is not None
        if praised or changes > changing[number] or _supposed(find, clauses, number):
            continue
        names = ["rejects"]
        if not thanked and not changing[number]:
            names.append("denies")
        if to_us:
            names.append("disagrees")
        if any(_says(find, name, clause.text) for name in names):
            return True
        if to_us and lengths[clause.sentence] == 1 and find["refuses"].fullmatch(clause.text):
            return True
    return False


def _says(find: _Patterns, name: str, clause: str) -> bool:
    """Return whether a clause says so, neither negated nor in doubt."""
    return any(
        not find["negates"].search(clause, 0, match.start())
        and not find["negated"].match(clause, match.end())
        and not find["doubts"].search(f"{clause[: match.start()]} … {clause[match.end() :]}")
        for match in find[name].finditer(clause)
    )


def _supposed(find: _Patterns, clauses: Sequence[_Clause], number: int) -> bool:
    """Return whether a condition governs a clause, or contrast follows it."""
    here = clauses[number]
    before = clauses[max(0, number - 1)]
    after = clauses[min(number + 1, len(clauses) - 1)]
    if before is not here and before.sentence == here.sentence and find["ifs"].match(before.text):
        return True
    if after is here or after.sentence != here.sentence:
        return False
    # Behind a colon a condition belongs to the reason: "not a bug: if it is empty we return".
    return after.follows == "turn" or (after.follows in {",", "、", "،"} and find["ifs"].match(after.text) is not None)
