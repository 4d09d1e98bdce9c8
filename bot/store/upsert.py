"""Build an ``INSERT`` with an ``ON CONFLICT`` clause for either database."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Start an ``INSERT`` in the dialect of the connection."""
    return insert_in(connection.dialect.name, table)


def insert_in(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """Start an ``INSERT`` in a dialect, for a statement that is kept."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
