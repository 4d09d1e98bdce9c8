"""Ask for a look at a rollback that is under way."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store.deployments import Rollback
from bot.types import Actor
from bot.work.origin import Origin, Principal, Request, Subject, TaskInput

FLOW = "watch-rollback"


class WatchInput(TaskInput):
    """The rollback to look at, by its task."""

    rollback: str


WatchTask = Request[WatchInput]


def ask_to_look(known: Rollback, bot: Actor, key: str, delivery: str) -> WatchTask:
    """Return the request for one look; ``key`` tells it from other looks."""
    origin = Origin(
        door="event",
        principal=Principal(kind="self", actor=bot, vouched="We look how our own rollback ends."),
        key=f"rollback {known.task} {key}",
        at=datetime.now(UTC).isoformat(),
        delivery=delivery,
    )
    return WatchTask(
        repository=known.place,
        subject=Subject(kind="repository"),
        origin=origin,
        input=WatchInput(rollback=known.task),
    )
