"""Learn from how an incident ended: what healed it, how long it took, and the document that tells it."""

from __future__ import annotations

import asyncio
from functools import partial

import sqlalchemy as sa

from bot.incidents.records import DAY, POST_MORTEM, IncidentTask
from bot.incidents.story import IncidentStory, load_story
from bot.store import artifacts, lessons, tasks
from bot.store.database import now_ms
from bot.store.lessons import Lesson
from bot.store.tasks import Task
from bot.work.artifacts import make
from bot.work.services import Services
from handlers.incident.words import write_post_mortem

_KEPT = 180 * DAY


async def learn(services: Services, request: IncidentTask, task_id: str) -> str:
    """Keep post-mortem and lesson of an incident; return the document."""
    story = await services.store.run(partial(load_story, incident_id=request.input.incident, now=now_ms()))
    if story is None:
        return ""
    text = write_post_mortem(story)
    made = await asyncio.to_thread(make, POST_MORTEM, "document", text, services.settings.secrets)
    await services.store.run(partial(artifacts.put, task=task_id, row=made.row, text=made.text))
    if story.green is not None and "merged" not in story.incident.data:
        await services.store.run(partial(_remember, story=story, now=now_ms()))
    return made.text


def _remember(connection: sa.Connection, story: IncidentStory, now: int) -> None:
    one = story.incident
    own = [row for row in story.acts if row.episode == one.episode and row.outcome == "done"]
    healer = own[-1] if own else None
    task = tasks.get(connection, healer.task) if healer is not None and healer.task is not None else None
    good = next((each.good_sha for each in story.troubles if each.good_sha), "")
    lessons.put(
        connection,
        Lesson(
            incident=one.id,
            episode=one.episode,
            repository=one.repository,
            key=one.key,
            cause=one.kind if one.cause == "unknown" else one.cause,
            healed_by=healer.act if healer is not None else "people",
            citation=_cite(task) or good,
            seconds=max(0, (story.green or now) - one.first) // 1000,
            at=now,
            expires=now + _KEPT,
        ),
    )


def _cite(task: Task | None) -> str:
    """Return the pull request that a task says it opened, "" for none."""
    data = task.data if task is not None else {}
    places = (data, data.get("publication"), data.get("pull"))
    for place in places:
        number = place.get("number") if isinstance(place, dict) else place
        if isinstance(number, int) and not isinstance(number, bool):
            return f"#{number}"
    return ""
