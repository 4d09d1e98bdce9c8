"""Keep postings in memory, append-only and shared by all commits."""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterator

from bot.context.record import MOST, Posting

_SHIFT = MOST.bit_length()


class Postings:
    """Postings of blobs by number; ``lengths`` in words, 0 where left out."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.lengths: array[int] = array("I")
        self._left_out: dict[int, str] = {}
        self._table: dict[str, array[int]] = {}

    def add(self, key: str, posting: Posting) -> None:
        """Add a blob once; a second time is ignored."""
        if key in self.numbers:
            return
        number = self.numbers[key] = len(self.numbers)
        self.lengths.append(posting.length)
        if posting.left_out:
            self._left_out[number] = posting.left_out
        table = self._table
        shifted = number << _SHIFT
        for name, times in zip(posting.keys, posting.counts, strict=True):
            held = table.get(name)
            if held is None:
                held = table[name] = array("I")
            held.append(shifted | times)

    def left_out(self, number: int) -> str:
        """Return why a blob was not read, or ''."""
        return self._left_out.get(number, "")

    def get(self, key: str) -> Iterator[tuple[int, int]]:
        """Return (blob number, how often) for blobs with the key, as they came."""
        for packed in self._table.get(key, ()):
            yield packed >> _SHIFT, packed & MOST

    def among(self, key: str, numbers: Container[int]) -> list[tuple[int, int]]:
        """(blob number, how often) for each of these blobs that holds the key."""
        held = self._table.get(key, ())
        return [(number, packed & MOST) for packed in held if (number := packed >> _SHIFT) in numbers]

    def keys(self, prefix: str) -> list[str]:
        """List every key ever added that begins so, of other commits too."""
        return [key for key in self._table if key.startswith(prefix)]
