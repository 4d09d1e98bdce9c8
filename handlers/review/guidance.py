"""Cut guidelines, which each question pays for, to what a change touches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

# Characters of all guidelines together. Below it nothing is cut; most files made for agents are shorter.
_ROOM = 4_000
_LONG = 1_500
_PARAGRAPH = re.compile(r"\n\s*\n")
_HEADING = re.compile(r"(?m)^(?=#{1,6} )")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{3,}")


def select_sections(guidelines: Sequence[tuple[str, str]], change: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Keep, in order, the sections that share most words with a change."""
    if sum(len(text) for _, text in guidelines) <= _ROOM:
        return tuple(guidelines)
    words = {word.lower() for line in change for word in _WORD.findall(line)}
    sections = [(path, part) for path, text in guidelines for part in _split(text)]
    kept: set[int] = set()
    room = _ROOM

    def overlap(number: int) -> float:
        own = {word.lower() for word in _WORD.findall(sections[number][1])}
        return len(own & words) / max(1, len(own))

    for number in sorted(range(len(sections)), key=overlap, reverse=True):
        size = len(sections[number][1])
        if size <= room:
            kept.add(number)
            room -= size
    return tuple((path, _join(path, sections, kept)) for path, _ in guidelines)


def _split(text: str) -> Iterator[str]:
    """Yield the sections of a guideline, and the paragraphs of long ones."""
    for section in _HEADING.split(text):
        parts = [section] if len(section) <= _LONG else [f"{part}\n\n" for part in _PARAGRAPH.split(section)]
        yield from (part[:_ROOM] for part in parts if part.strip())


def _join(path: str, sections: Sequence[tuple[str, str]], kept: set[int]) -> str:
    here = [number for number, (place, _) in enumerate(sections) if place == path]
    left = len([number for number in here if number not in kept])
    note = f"({left} passages that do not touch this change are left out)" if left else ""
    return "\n".join(part for part in ["".join(sections[number][1] for number in here if number in kept), note] if part)
