"""Add up what models cost, by day, model, role, repository, task or account."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from bot.store.tables import model_call, task

UsageKey = Literal["day", "model", "role", "repository", "task", "actor"]


class UsageRow(NamedTuple):
    """The sum of all settled calls of one key."""

    key: str
    dollars: float
    calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int


def sum_usage(
    connection: sa.Connection, by: UsageKey, first: str, last: str, repository: tuple[int, str] | None
) -> list[UsageRow]:
    """Add up settled calls of the days ``first`` to ``last`` (UTC).

    Days are ``YYYY-MM-DD``; ``repository`` is an id and a name. Sorted by key.
    """
    keys: dict[str, sa.ColumnElement[Any]] = {
        "day": model_call.c.day,
        "model": model_call.c.model,
        "role": model_call.c.role,
        "repository": model_call.c.repository,
        "task": task.c.flow,
        "actor": task.c.actor,
    }
    key = sa.func.coalesce(keys[by], sa.literal_column("''"))  # a bound value would be two for PostgreSQL
    tokens = (model_call.c.input_tokens, model_call.c.output_tokens, model_call.c.cached_tokens)
    sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in (model_call.c.cost, *tokens)]
    joined = model_call.outerjoin(task, task.c.id == model_call.c.task)
    settled = (model_call.c.cost.is_not(None), model_call.c.day >= first, model_call.c.day <= last)
    query = sa.select(key, sums[0], sa.func.count(), *sums[1:]).select_from(joined).where(*settled)
    if repository is not None:
        told = sa.cast(task.c.argument["repository"]["id"].as_string(), sa.BigInteger)
        query = query.where(model_call.c.repository == repository[1], told == repository[0])
    rows = connection.execute(query.group_by(key).order_by(key))
    return [UsageRow(str(row[0]), float(row[1]), *(int(value) for value in row[2:])) for row in rows]
