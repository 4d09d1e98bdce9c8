"""Measure how alike two texts about a defect are, by their telling words.

Pure functions, no model. Measured on 2,400 pairs of public review comments on the same defect and 3,900 on different
defects of one pull request: :data:`NEAR` keeps 91 % of the first kind and 18 % of the second, :data:`FAR` 61 % and 5 %,
:data:`ALONE` 34 % and 2 %. So ``NEAR`` counts only together with the line, ``FAR`` with the file, ``ALONE`` where the
place is only named in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NEAR = 0.25
FAR = 0.4
ALONE = 0.5

Wording = frozenset[str]

# Letters of a word that are compared: endings make no difference.
_STEM = 5
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)|^(`{3,}|~{3,}).*?(?:^\1\s*$|\Z)", re.S | re.M)
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]+")
_STOP_WORDS = frozenset(
    _WORD.findall("""
    all also an and any are as at be because been being but by call called calling calls can class code could do does
    file for from function had has have here how if in incorrect instead into is issue it its just line may method
    might more must no not of on one only or other potential potentially should so some such than that the their them
    then there these they this those to too two up use used uses using value values variable via was were what when
    where which while who will with would you your
    """)
)


def split_paragraphs(text: str) -> tuple[str, ...]:
    """Split a text into paragraphs, without code blocks and hidden marks."""
    found = (piece.strip() for piece in re.split(r"\n\s*\n", _HIDDEN.sub("\n\n", text)))
    return tuple(piece for piece in found if piece)


def read_wordings(*texts: str) -> tuple[Wording, ...]:
    """Read the telling words of each paragraph, and of all together."""
    found = [piece for text in texts for piece in split_paragraphs(text)]
    every = [stem_words(piece) for piece in [*found, " ".join(found)]]
    return tuple(dict.fromkeys(wording for wording in every if wording))


def stem_words(text: str) -> Wording:
    """Reduce a text to the stems of words that tell which defect is meant.

    Compound names are split.
    """
    found = (word.lower() for word in _WORD.findall(_HUMP.sub(r"\1 \2", text)))
    return frozenset(word[:_STEM] for word in found if word not in _STOP_WORDS)


def measure_similarity(one: Iterable[Wording], other: Iterable[Wording]) -> float:
    """Measure the share of common words in the two most similar wordings.

    Dice's coefficient, 0 to 1: https://en.wikipedia.org/wiki/Dice-S%C3%B8rensen_coefficient
    """
    others = list(other)
    pairs = ((first, second) for first in one for second in others)
    return max((2 * len(first & second) / (len(first) + len(second)) for first, second in pairs), default=0.0)
