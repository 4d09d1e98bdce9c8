"""Keep the sums of all repositories beside each one's; count outcomes without sorting them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

_SUMS = (
    "micro_dollars", "calls", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "lost",
    "lost_micro_dollars", "refused",
)  # fmt: skip


def upgrade() -> None:
    names = ("kind", "start", "repository_id", "repository", "name")
    table = sa.table("fh_usage_sum", *(sa.column(name) for name in (*names, *_SUMS)))
    marks: tuple[sa.ColumnElement[Any], ...] = (
        table.c.kind,
        table.c.start,
        sa.literal_column("-1"),
        sa.literal_column("''"),
        table.c.name,
    )
    rows = sa.select(*marks, *(sa.func.sum(table.c[name]) for name in _SUMS))
    op.execute(sa.insert(table).from_select((*names, *_SUMS), rows.group_by(table.c.kind, table.c.start, table.c.name)))
    op.drop_index("fh_outcome_at", "fh_outcome")
    op.drop_index("fh_outcome_repository", "fh_outcome")
    op.create_index("fh_outcome_flow", "fh_outcome", ["flow", "kind", "at"])
    op.create_index("fh_outcome_repository", "fh_outcome", ["repository", "flow", "kind", "at", "repository_id"])
