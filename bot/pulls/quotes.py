"""Whether quoted code really stands in a text, and where. Pure functions: the answer of no model is asked for."""

from __future__ import annotations

_TELLING = 4


def find(text: str, quote: str) -> int | None:
    """The number, from 1, of the line in which a quote begins; None where it is not there. Layout does not count.

    Fewer than four characters beside blanks prove nothing and are never found.
    """
    if sum(not char.isspace() for char in quote) < _TELLING:
        return None
    words, starts, at = [], [], 0
    for number, line in enumerate(text.split("\n"), 1):
        for word in line.split():
            words.append(word)
            starts.append((at, number))
            at += len(word) + 1
    place = " ".join(words).find(" ".join(quote.split()))
    if place < 0:
        return None
    return max((number for start, number in starts if start <= place), default=1)
