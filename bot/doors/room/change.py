"""Load the change that a task made, to be shown: the patch, and what ran for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from pydantic import ValidationError

from bot.change.handover import EVIDENCE, PATCH
from bot.doors.room.diffs import Diff, read_diff
from bot.redaction import redact_code
from bot.store import artifacts
from bot.store.artifacts import ArtifactRow
from bot.types import JsonModel
from bot.work.services import Services

_DIFF_CHARS, _EVIDENCE_CHARS = 100_000, 300_000
_Text = tuple[ArtifactRow, str] | None


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


class Change(NamedTuple):
    """The beginning of a task's patch, and what ran for it, if any."""

    diff: Diff | None
    evidence: Evidence | None


async def load_changes(services: Services, ids: Sequence[str], most: int) -> list[Change]:
    """Load the changes of tasks, at most so many lines of each patch."""
    found = await services.store.read(_find_texts, ids)
    return await asyncio.to_thread(lambda: [_make(services, patch, evidence, most) for patch, evidence in found])


def _find_texts(connection: sa.Connection, ids: Sequence[str]) -> list[tuple[_Text, _Text]]:
    wanted = ((PATCH, _DIFF_CHARS), (EVIDENCE, _EVIDENCE_CHARS))
    patches, evidences = (artifacts.find_each(connection, ids, *one) for one in wanted)
    return [(patches.get(one), evidences.get(one)) for one in ids]


def _make(services: Services, patch: _Text, evidence: _Text, most: int) -> Change:
    diff = None
    if patch is not None:
        row, text = patch
        sound = redact_code(text, services.settings.secrets)
        diff = read_diff(sound, most, cut=row.cut or len(text) >= _DIFF_CHARS)
    return Change(diff, None if evidence is None else _read_evidence(services, evidence[1]))


def _read_evidence(services: Services, text: str) -> Evidence | None:
    try:
        return Evidence.model_validate_json(redact_code(text, services.settings.secrets))
    except ValidationError:  # too long to be read whole here, or another version's: there is the file
        return None
