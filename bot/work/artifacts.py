"""Leave something beside a task's result, for doors to hand out: without credentials, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from bot.redaction import redact_code
from bot.store import artifacts
from bot.store.artifacts import ArtifactKind, ArtifactRow
from bot.work.assignment import Assignment

MAX_TEXT = 1_000_000  # characters: a change that passes its gates has far fewer
_CUT = "\n[the rest is left out: this is longer than a million characters]\n"


class Artifact(NamedTuple):
    """A text as it is handed out."""

    row: ArtifactRow
    text: str


def make(name: str, kind: ArtifactKind, text: str, secrets: Iterable[str]) -> Artifact:
    """Return a text without credentials or NUL, cut where it is too long."""
    text = redact_code(text.replace("\x00", ""), secrets).encode("utf-8", "replace").decode()
    cut = len(text) > MAX_TEXT
    text = text[: MAX_TEXT - len(_CUT)] + _CUT if cut else text
    return Artifact(ArtifactRow(name, kind, len(text.encode()), cut), text)


async def leave(work: Assignment[Any], name: str, kind: ArtifactKind, text: str) -> None:
    """Keep a text for the task, in place of an earlier one of its name."""
    services = work.services
    made = await asyncio.to_thread(make, name, kind, text, services.settings.secrets)
    await services.store.run(partial(artifacts.put, task=work.task_id, row=made.row, text=made.text))
