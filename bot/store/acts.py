"""Keep what was started because of incidents, and how it ended."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from pydantic import Field

from bot.store.incident_tables import incident, incident_act
from bot.store.upsert import insert
from bot.types import JsonModel


class ActRow(JsonModel):
    """One act about an incident; it is claimed before its task is started."""

    incident: str
    act: str
    attempt: int
    episode: int
    repository: int
    branch: str = ""
    environment: str = ""
    input: dict[str, Any] = Field(default_factory=dict)
    reason: str
    at: int
    task: str | None = None
    outcome: str = ""  # the state of its task, or ``refused``
    ended: int | None = None


def put(connection: sa.Connection, row: ActRow) -> None:
    """Store an act, replacing what was known of it."""
    values = row.model_dump(mode="json")
    query = insert(connection, incident_act).values(values)
    index = ["incident", "act", "attempt"]
    rest = {name: value for name, value in values.items() if name not in index}
    connection.execute(query.on_conflict_do_update(index_elements=index, set_=rest))


def end(connection: sa.Connection, row: ActRow, outcome: str, at: int) -> None:
    """Store how an act ended.

    Never before its beginning or the news that it answers: with a clock that was set back meanwhile, or another
    server's clock, those would look newer.
    """
    news = connection.scalar(sa.select(incident.c.last).where(incident.c.id == row.incident))
    put(connection, row.model_copy(update={"outcome": outcome, "ended": max(at, row.at, news or 0)}))


def list_of(connection: sa.Connection, incident: str) -> list[ActRow]:
    """List the acts about an incident, oldest first."""
    query = sa.select(incident_act).where(incident_act.c.incident == incident)
    return _list(connection, query)


def list_recent(connection: sa.Connection, repository: int, incident: str, since: int) -> list[ActRow]:
    """List a repository's acts since a moment, active ones, and an incident's."""
    wanted = sa.or_(incident_act.c.at >= since, incident_act.c.ended.is_(None), incident_act.c.incident == incident)
    query = sa.select(incident_act).where(incident_act.c.repository == repository, wanted)
    return _list(connection, query)


def list_active(connection: sa.Connection) -> list[ActRow]:
    """List all acts that are under way."""
    return _list(connection, sa.select(incident_act).where(incident_act.c.ended.is_(None)))


def _list(connection: sa.Connection, query: sa.Select[Any]) -> list[ActRow]:
    ordered = query.order_by(incident_act.c.at, incident_act.c.act, incident_act.c.attempt)
    return [ActRow.model_validate(dict(row._mapping)) for row in connection.execute(ordered)]
