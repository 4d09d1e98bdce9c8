"""Keep sums of finished days and hours; let calls and outcomes say themselves whose they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

_SUMS = (
    "micro_dollars", "calls", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "lost",
    "lost_micro_dollars", "refused",
)  # fmt: skip


def upgrade() -> None:
    for table, names in (("fh_model_call", ("flow",)), ("fh_outcome", ("flow", "repository"))):
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=""))
        op.add_column(table, sa.Column("repository_id", sa.BigInteger, nullable=False, server_default="0"))
        _copy_from_tasks(table, (*names, "repository_id"))
    op.drop_index("fh_outcome_at", "fh_outcome")
    op.create_index("fh_outcome_at", "fh_outcome", ["at", "flow", "kind"])
    op.create_index("fh_outcome_repository", "fh_outcome", ["repository", "at", "repository_id", "flow", "kind"])
    _create_sums()


def _copy_from_tasks(table: str, names: tuple[str, ...]) -> None:
    """Write down of each row what only its task told until now."""
    task = sa.table(
        "fh_task", *(sa.column(name) for name in ("id", "flow", "repository")), sa.column("argument", sa.JSON)
    )
    told = {
        "flow": task.c.flow,
        "repository": task.c.repository,
        "repository_id": sa.cast(task.c.argument["repository", "id"].as_string(), sa.BigInteger),
    }
    rows = sa.table(table, sa.column("task"), *(sa.column(name) for name in names))
    mine = sa.select(task.c.id).where(task.c.id == rows.c.task).exists()
    values = {
        name: sa.select(sa.func.coalesce(told[name], "" if name != "repository_id" else 0))
        .where(task.c.id == rows.c.task)
        .scalar_subquery()
        for name in names
    }
    op.execute(sa.update(rows).where(mine).values(values))


def _create_sums() -> None:
    op.create_table(
        "fh_usage_span",
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_usage_sum",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("repository", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _SUMS),
    )
    op.create_index("fh_usage_sum_repository", "fh_usage_sum", ["kind", "repository_id", "start"])
