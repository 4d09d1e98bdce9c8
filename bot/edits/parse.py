"""Reading edits out of a model's answer, whatever dialect it wrote them in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.edits import blocks, calls, diffs, patches, tags, whole
from bot.edits.reading import Reading
from bot.edits.values import Edit, ParseError

# each reader is asked at every line: does your dialect begin here? Stricter beginnings come first.
_READERS: tuple[Callable[[Sequence[str], int], Reading | None], ...] = (
    patches.read,
    blocks.read,
    tags.read,
    diffs.read,
    calls.read,
    whole.read,
)


def parse(text: str) -> tuple[Edit, ...]:
    """Every edit of an answer, in order; prose around them is passed over.

    Understands SEARCH/REPLACE blocks, tagged blocks, unified diffs, ``*** Begin Patch``, str_replace calls as JSON
    and fenced whole files under their path. Raises ParseError where there is none or one is cut short, so that
    half an answer is never applied.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    edits: list[Edit] = []
    at = 0
    while at < len(lines):
        reading = next((r for r in (reader(lines, at) for reader in _READERS) if r is not None), None)
        if reading is not None:
            edits += blocks.with_path(reading.edits, edits)
        at = reading.stop if reading is not None else at + 1
    if not edits:
        raise ParseError("The answer holds no edit. Write each as a path and a SEARCH/REPLACE block.")
    return tuple(edits)
