"""Walk over everything that is sealed, whatever it is, and keep how far a change of the master key is."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.onboarding_tables import app
from bot.store.tables import key, resealing, signal_source
from bot.types import JsonModel

TABLES = {table.name: table for table in (app, key, signal_source)}
_SINGLE = {app.name, key.name}  # those whose rows hold one sealed text


class SealedRow(JsonModel):
    """A row's sealed texts."""

    table: str
    id: str
    texts: tuple[str, ...]


class Progress(JsonModel):
    """Progress of a change to a master key; times are milliseconds."""

    master: str
    began: int
    total: int
    done: int
    ended: int | None = None


def exist(connection: sa.Connection) -> bool:
    """Return True if anything is sealed."""
    return any(list_after(connection, table, "", 1) for table in TABLES)


def list_after(connection: sa.Connection, table: str, after: str, most: int) -> list[SealedRow]:
    """List the next rows of a table that hold sealed texts, by their ids."""
    of = TABLES[table].c
    if table in _SINGLE:
        query = sa.select(of.id, of.sealed).where(of.id > after, of.sealed.is_not(None))
        rows = connection.execute(query.order_by(of.id).limit(most))
        return [SealedRow(table=table, id=row.id, texts=(row.sealed,)) for row in rows]
    query = sa.select(of.id, of.secrets).where(of.id > after, sa.cast(of.secrets, sa.Text) != "[]")
    rows = connection.execute(query.order_by(of.id).limit(most))
    return [SealedRow(table=table, id=row.id, texts=tuple(row.secrets)) for row in rows]


def replace(connection: sa.Connection, old: SealedRow, texts: tuple[str, ...]) -> bool:
    """Replace a row's sealed texts; False where they have changed meanwhile."""
    of = TABLES[old.table].c
    column = of.sealed if old.table in _SINGLE else of.secrets
    held = connection.execute(sa.select(column).where(of.id == old.id).with_for_update()).scalar_one_or_none()
    if held is None or ((held,) != old.texts and tuple(held) != old.texts):
        return False
    value = texts[0] if old.table in _SINGLE else list(texts)
    connection.execute(sa.update(TABLES[old.table]).where(of.id == old.id).values({column.name: value}))
    return True


def replace_all(connection: sa.Connection, master: str, changes: Sequence[tuple[SealedRow, tuple[str, ...]]]) -> int:
    """Replace the texts of rows, and note how many did not change meanwhile."""
    count = sum(replace(connection, row, texts) for row, texts in changes)
    advance(connection, master, count)
    return count


def begin(connection: sa.Connection, master: str, total: int) -> Progress:
    """Begin a change to a master key, or go on with it."""
    row = connection.execute(sa.select(resealing).where(resealing.c.master == master)).one_or_none()
    if row is not None and row.ended is None:
        return Progress.model_validate(dict(row._mapping))
    connection.execute(resealing.delete().where(resealing.c.master == master))
    new = Progress(master=master, began=now_ms(), total=total, done=0)
    connection.execute(resealing.insert().values(**new.model_dump()))
    return new


def advance(connection: sa.Connection, master: str, count: int, *, ended: bool = False) -> None:
    """Note that so many rows more are done."""
    values = {"done": resealing.c.done + count, "ended": now_ms() if ended else None}
    connection.execute(sa.update(resealing).where(resealing.c.master == master).values(**values))


def list_unfinished(connection: sa.Connection) -> list[Progress]:
    """List the changes of a master key that were not brought to an end."""
    rows = connection.execute(sa.select(resealing).where(resealing.c.ended.is_(None)))
    return [Progress.model_validate(dict(row._mapping)) for row in rows]
