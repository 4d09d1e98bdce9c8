"""Tell whoever runs the server about incidents, from its database."""

from __future__ import annotations

from functools import partial

from bot.doors.operating import opened_store
from bot.incidents.records import DAY
from bot.incidents.story import load_story
from bot.markdown import duration
from bot.settings import Settings
from bot.store import incident_lists, lessons
from bot.store.database import now_ms
from bot.store.incidents import Incident
from bot.types import ForgehandError
from handlers.incident.words import show_moment, write_post_mortem

_MOST = 100


class NoIncident(ForgehandError):
    """An incident that is not there."""


def list_incidents(settings: Settings, *, every: bool) -> str:
    """Return a line for each incident that is open, or for ``every`` one."""
    load = partial(incident_lists.list_page, repositories=None, state=None, after=None, limit=_MOST)
    with opened_store(settings) as store:
        found = [one for one in store.run_sync(load) if every or one.closed is None]
    return "\n".join(_describe(one) for one in found) or "There are no incidents."


def show_incident(settings: Settings, incident_id: str) -> str:
    """Return the story of an incident; raises :class:`NoIncident`."""
    with opened_store(settings) as store:
        story = store.run_sync(partial(load_story, incident_id=incident_id, now=now_ms()))
    if story is None:
        raise NoIncident(f"There is no incident {incident_id}; `forgehand incidents list` shows them.")
    return write_post_mortem(story)


def measure_times(settings: Settings, days: int) -> str:
    """Return how long troubles lasted that ended within some days, by class."""
    with opened_store(settings) as store:
        found = store.run_sync(partial(lessons.measure, repositories=None, since=now_ms() - days * DAY))
    lines = [
        f"{each.cause}: {each.ended} ended, half within {duration(each.p50)}, nine in ten within {duration(each.p90)}"
        for each in found
    ]
    return "\n".join(lines) or f"No incident ended with evidence within {days} days."


def _describe(one: Incident) -> str:
    issue = f"{one.place.full_name}#{one.number}" if one.number is not None else one.place.full_name
    return f"{one.id}  {one.state}  {issue}  {one.count} since {show_moment(one.first)}  {one.kind}: {one.title}"
