"""Judge a feature beside what every change is judged by: checks, companions, and each requirement's tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.change.recipe import Job
from bot.change.records import Gate
from bot.change.suppressions import suppressions_gate
from bot.documentation.snapshot import read_snapshot
from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.markdown import counted
from handlers.companions.beside import HISTORY, find_beside
from handlers.companions.records import Missing
from handlers.implement.records import FeatureEvidence
from handlers.implement.traces import trace_gate


async def judge_feature(job: Job[Any], evidence: FeatureEvidence, base_sha: str, changes: Changes) -> Sequence[Gate]:
    """Require that nothing is silenced or left undone, and that tests hold."""
    assert evidence.proof is not None, "a feature is proved before it is made"
    workshop = job.workshop(base_sha)
    is_test = workshop.toolchain().is_test
    mirror = await job.mirror(base_sha)
    diff = await mirror.diff(base_sha, changes)
    return [
        suppressions_gate(diff, is_test),
        companions_gate(await _find_undone(mirror, base_sha, changes)),
        await trace_gate(workshop, evidence.proof, changes, diff, is_test),
    ]


async def _find_undone(mirror: Mirror, base_sha: str, changes: Changes) -> list[Missing]:
    base = await read_snapshot(mirror, base_sha)
    history = await mirror.merged_paths(base_sha, HISTORY)
    return await asyncio.to_thread(find_beside, base, base.with_changes(changes), history, changes.files)


def companions_gate(undone: Sequence[Missing]) -> Gate:
    """Require the migrations, documents and entries that changes bring here."""
    return Gate(
        name="migrations, documents, changelog",
        passed=not undone,
        after=f"{counted(len(undone), 'thing')} left undone" if undone else "none left undone",
        detail="\n".join(f"{one.path}:{one.line}: {one.text}" for one in undone),
        parts={} if undone else {"documentation": "No document names what is gone."},
    )
