"""Load the change that a task made, to be shown: the patch, and what ran for it."""

from __future__ import annotations

import asyncio

from pydantic import ValidationError

from bot.change.handover import EVIDENCE, PATCH
from bot.doors.room.diffs import Diff, read_diff
from bot.redaction import redact_code
from bot.store import artifacts
from bot.types import JsonModel
from bot.work.services import Services

_DIFF_CHARS, _EVIDENCE_CHARS = 100_000, 300_000


class Check(JsonModel):
    """A check of a change: what it found before and after."""

    name: str
    passed: bool
    before: str = ""
    after: str = ""
    detail: str = ""


class Gates(JsonModel):
    """Report of the checks on the change."""

    gates: tuple[Check, ...] = ()
    command: str = ""
    notes: tuple[str, ...] = ()


class Shown(JsonModel):
    """A test that fails without the change."""

    tests: tuple[str, ...] = ()
    reason: str = ""


class Judged(JsonModel):
    """Verdict of a second model on the change."""

    model: str = ""
    passed: bool = False
    objection: str = ""


class Evidence(JsonModel):
    """Record of what ran for a change; other versions keep other things."""

    verified: bool = False
    gates: Gates | None = None
    proof: Shown | None = None
    judgement: Judged | None = None


async def load_diff(services: Services, task_id: str, most: int) -> Diff | None:
    """Load the beginning of the patch that a task left, if it left one."""
    found = await services.store.run(artifacts.find, task_id, PATCH, _DIFF_CHARS)
    if found is None:
        return None
    row, text = found
    sound = await asyncio.to_thread(redact_code, text, services.settings.secrets)
    return read_diff(sound, most, cut=row.cut or len(text) >= _DIFF_CHARS)


async def load_evidence(services: Services, task_id: str) -> Evidence | None:
    """Load what ran for the change of a task, if it left that."""
    found = await services.store.run(artifacts.find, task_id, EVIDENCE, _EVIDENCE_CHARS)
    if found is None:
        return None
    sound = await asyncio.to_thread(redact_code, found[1], services.settings.secrets)
    try:
        return Evidence.model_validate_json(sound)
    except ValidationError:  # too long to be read whole here, or another version's: there is the file
        return None
