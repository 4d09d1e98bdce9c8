"""Keep what tasks leave behind beside their results: patches and evidence."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.tables import artifact
from bot.store.upsert import insert

ArtifactKind = Literal["patch", "evidence", "log", "report", "document", "answer"]


class ArtifactRow(NamedTuple):
    """An artifact without its text."""

    name: str
    kind: ArtifactKind
    size: int  # bytes of UTF-8
    cut: bool  # the end of a longer text is missing


def put(connection: sa.Connection, task: str, row: ArtifactRow, text: str) -> None:
    """Keep an artifact, in place of an earlier one of its name."""
    values = {"task": task, "text": text, "created": now_ms(), **row._asdict()}
    query = insert(connection, artifact).values(values)
    connection.execute(query.on_conflict_do_update(index_elements=["task", "name"], set_=values))


def list_of(connection: sa.Connection, task: str) -> list[ArtifactRow]:
    """List the artifacts of a task by name."""
    columns = (artifact.c.name, artifact.c.kind, artifact.c.size, artifact.c.cut)
    query = sa.select(*columns).where(artifact.c.task == task).order_by(artifact.c.name)
    return [ArtifactRow(*row) for row in connection.execute(query)]


def find(connection: sa.Connection, task: str, name: str, most: int | None = None) -> tuple[ArtifactRow, str] | None:
    """Return an artifact of a task and its text.

    ``most`` is how many characters of it are wanted, None for all.
    """
    return find_each(connection, [task], name, most).get(task)


def find_each(
    connection: sa.Connection, tasks: Collection[str], name: str, most: int | None = None
) -> dict[str, tuple[ArtifactRow, str]]:
    """Return the artifacts of one name by task; :func:`find` tells more."""
    text = artifact.c.text if most is None else sa.func.substr(artifact.c.text, 1, most)
    columns = (artifact.c.name, artifact.c.kind, artifact.c.size, artifact.c.cut, text)
    query = sa.select(artifact.c.task, *columns).where(artifact.c.task.in_(tasks), artifact.c.name == name)
    return {row[0]: (ArtifactRow(*row[1:5]), row[5]) for row in connection.execute(query)}
