"""Keep a finished change until it is published, so that nothing that happens at the last step loses paid work.

It is kept before the first try and dropped after the last effect. ``/retry`` finds it, whatever stopped the earlier
task: a rule of the repository, a rename, GitHub's own trouble, a process that died too often.
"""

from __future__ import annotations

from typing import Any

from bot.store import kept
from bot.types import JsonModel
from bot.work.assignment import Assignment


class KeptChange(JsonModel):
    """The evidence of a finished change as JSON, enough to publish it."""

    evidence: dict[str, Any]


async def keep(work: Assignment[Any], evidence: JsonModel) -> None:
    """Keep what was done and checked, for this task and every retry of it."""
    data = evidence.model_dump(mode="json")
    await work.services.store.run(kept.keep, work.task_id, data)


async def find(work: Assignment[Any]) -> KeptChange | None:
    """Return the finished change of a task that this one repeats."""
    data = await work.services.store.run(kept.find, work.task_id)
    return None if data is None else KeptChange(evidence=data)


async def discard(work: Assignment[Any]) -> None:
    """Drop the change: it is published, or it no longer fits its base."""
    await work.services.store.run(kept.discard, work.task_id)
