"""Read the texts of a tree: Python, and the documents that say what is promised."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import Job
from bot.git.changes import Changes
from bot.git.output import as_text
from bot.surface.levels import DOCUMENTS

_LARGEST = 2_000_000  # bytes; nobody writes a larger text by hand


async def read_texts(job: Job[Any], sha: str, endings: tuple[str, ...] = (".py", *DOCUMENTS)) -> dict[str, str]:
    """Return the texts of a commit by path; the ending "" means all."""
    mirror = await job.mirror(sha)
    listed = {
        entry.path: entry.sha
        for entry in await mirror.entries(sha)
        if entry.kind == "file" and entry.path.endswith(endings) and (entry.size or 0) <= _LARGEST
    }
    blobs = await mirror.blobs(listed.values())
    texts = {path: as_text(blobs[blob]) for path, blob in listed.items()}
    return {path: text for path, text in texts.items() if text is not None}


def apply(texts: dict[str, str], changes: Changes) -> dict[str, str]:
    """Return the texts with a change made."""
    return {path: text for path, text in {**texts, **changes.files}.items() if text is not None}
