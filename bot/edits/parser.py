"""Read edits out of a model's answer, in whatever dialect it wrote them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.edits import blocks, calls, diffs, patches, tags, whole
from bot.edits.reader import ReadResult
from bot.edits.values import Edit, ParseError, Write

# Every line is offered to each reader, which knows whether its dialect begins there; the strictest come first.
_READERS: tuple[Callable[[Sequence[str], int], ReadResult | None], ...] = (
    patches.read,
    blocks.read,
    tags.read,
    diffs.read,
    calls.read,
    whole.read,
)


def parse(text: str) -> tuple[Edit, ...]:
    """Read every edit of an answer, in order; prose around them is skipped.

    Understands SEARCH/REPLACE blocks, tagged blocks, unified diffs, ``*** Begin Patch``, str_replace calls as JSON and
    fenced whole files under their path. Raises ParseError where there is none or one is cut short, so that half an
    answer is never applied.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    edits: list[Edit] = []
    fenced: set[int] = set()
    at = 0
    while at < len(lines):
        reader, reading = next(((r, found) for r in _READERS if (found := r(lines, at)) is not None), (None, None))
        if reading is None:
            at += 1
            continue
        if reader is whole.read:
            fenced.add(len(edits))
        edits += blocks.fill_paths(reading.edits, edits)
        at = reading.stop
    if not edits:
        raise ParseError("The answer holds no edit. Write each as a path and a SEARCH/REPLACE block.")
    if len(fenced) < len(edits):
        # Beside edits of another dialect a fence under a path may just show a file, so it must not overwrite one.
        edits = [
            replace(edit, new=True) if n in fenced and isinstance(edit, Write) else edit for n, edit in enumerate(edits)
        ]
    return tuple(edits)
