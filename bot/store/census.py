"""Count what is stored, without saying what it says."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store.deliveries import measure_depth
from bot.store.tables import metadata, task

_ERRORS = 50  # of how many failed tasks the errors are named


def take_census(connection: sa.Connection) -> dict[str, Any]:
    """Count rows, tasks by flow and state, and errors of those that failed."""
    by_state = sa.select(task.c.flow, task.c.state, sa.func.count()).group_by(task.c.flow, task.c.state)
    failed = sa.select(task.c.result).where(task.c.state.in_(("failed", "dead")))
    newest = failed.order_by(task.c.created.desc()).limit(_ERRORS)
    counted = sorted(tuple(row) for row in connection.execute(by_state))
    return {
        "rows": {table.name: _count(connection, table) for table in metadata.sorted_tables},
        "tasks": {f"{flow} {state}": count for flow, state, count in counted},
        "last_errors": [_name_error(result) for result in connection.execute(newest).scalars()],
        "inbox": measure_depth(connection)._asdict(),
    }


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _name_error(result: Any) -> str:
    """Return the class of a task's error: its words may be anybody's."""
    data = result.get("data") if isinstance(result, dict) else None
    return str(data.get("error", "")) if isinstance(data, dict) else ""
