"""Load all records of an incident, to be shown."""

from __future__ import annotations

import sqlalchemy as sa

from bot.deployments.figures import ServiceFigures
from bot.deployments.telling import load_of_incident
from bot.store import acts, incidents, lessons
from bot.store.acts import ActRow
from bot.store.incidents import Incident, IncidentEvent, Trouble
from bot.store.lessons import Lesson
from bot.types import JsonModel


class IncidentStory(JsonModel):
    """An incident with all its records."""

    incident: Incident
    troubles: tuple[Trouble, ...]
    events: tuple[IncidentEvent, ...]
    acts: tuple[ActRow, ...]
    lessons: tuple[Lesson, ...] = ()  # of earlier troubles with this key
    figures: tuple[ServiceFigures, ...] = ()  # of its service, since the deployment that was live

    @property
    def green(self) -> int | None:
        """Return when the last trouble was good again, by its source's clock."""
        moments = [one.good or one.green for one in self.troubles if one.green is not None]
        return max((each for each in moments if each is not None), default=None)


def load_story(connection: sa.Connection, incident_id: str, now: int) -> IncidentStory | None:
    """Load an incident's story, if there is such an incident."""
    found = incidents.get(connection, incident_id)
    if found is None:
        return None
    return IncidentStory(
        incident=found,
        troubles=tuple(incidents.list_troubles(connection, found.id)),
        events=tuple(incidents.list_events(connection, found.id)),
        acts=tuple(acts.list_of(connection, found.id)),
        lessons=tuple(lessons.list_known(connection, found.repository, found.key, now)),
        figures=load_of_incident(connection, found, now),
    )
