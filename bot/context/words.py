"""Split text into terms, folded so that a question and code meet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

_IDENTIFIER = re.compile(r"[^\W\d]\w+")
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\dA-Za-z_]+|\d+")
LONGEST = 64  # characters of an identifier; what is longer is data

# Words of prose that say nothing about code. Words that are also common names in code (get, set, type) stay.
_PROSE = """
a about above after again all also am an and any are as at be because been before being below between both but by can
cannot could did do does doing down during each else etc even few for from further had has have having he her here him
his how i if in into is it its just like me more most my no nor not now of off on once only or other our out over own
same she should so some still such than that the their them then there these they this those through to too under until
up us use used uses using very via want was we were what when where which while who whom why will with would yes yet you
your
"""
STOP = frozenset(_PROSE.split())


def identifiers(text: str) -> Counter[str]:
    """Count identifiers of two to 64 characters, as written."""
    return Counter(name for name in _IDENTIFIER.findall(text) if len(name) <= LONGEST)


@lru_cache(maxsize=1 << 16)
def split_identifier(identifier: str) -> tuple[str, ...]:
    """Split ``QuerySet`` into ``queryset``, ``query``, ``set``."""
    whole = identifier.lower().strip("_")
    pieces = [piece.lower() for piece in _PIECE.findall(identifier)]
    if len(pieces) <= 1:
        return (fold(whole),) if len(whole) > 1 else ()
    words = dict.fromkeys(fold(piece) for piece in pieces if len(piece) > 1 and not piece.isdigit())
    return (whole, *(word for word in words if word != whole))


@lru_cache(maxsize=1 << 15)
def fold(word: str) -> str:
    """Drop plural and verb endings (``queries`` is ``query``), not of stubs."""
    if len(word) < 5 or not word.isascii():
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("ing") and len(word) > 6:
        return word[:-3]
    if word.endswith("ed") and len(word) > 5:
        return word[:-2]
    if word.endswith("es") and word[-3] in "sxzh":
        return word[:-2]
    if word.endswith("s") and word[-2] not in "su":
        return word[:-1]
    return word


def count(names: Counter[str]) -> Counter[str]:
    """Count terms of identifiers, each as often as its identifier."""
    counted: Counter[str] = Counter()
    for name, times in names.items():
        for term in split_identifier(name):
            counted[term] += times
    return counted


def count_terms(text: str) -> Counter[str]:
    """Count the terms of a text."""
    return count(identifiers(text))


def shingles(texts: Iterable[str]) -> set[str]:
    """List runs of three words: they find a message filled in midway."""
    found: set[str] = set()
    for text in texts:
        words = [word.lower() for word in _IDENTIFIER.findall(text)]
        found.update(" ".join(words[at : at + 3]) for at in range(len(words) - 2))
    return found
