"""Count money in whole micro-dollars, a row for each try; keep the limits that operators set.

What was paid in dollars is rounded to millionths once; an earlier row is the one try that was known of its step.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_OLD = "fh_model_call_in_dollars"
_KEPT = (
    "task", "step", "role", "model", "state", "repository", "key", "input_tokens", "output_tokens", "cached_tokens",
    "seconds", "reply",
)  # fmt: skip


def upgrade() -> None:
    op.drop_index("fh_model_call_day", table_name="fh_model_call")
    op.rename_table("fh_model_call", _OLD)
    _create_calls()
    _convert()
    op.drop_table(_OLD)
    for name, columns in (
        ("step", ["task", "step"]),
        ("created", ["created"]),
        ("repository", ["repository", "created"]),
        ("owner", ["owner", "created"]),
        ("person", ["person", "created"]),
    ):
        op.create_index(f"fh_model_call_{name}", "fh_model_call", columns)
    _create_limits()


def _create_calls() -> None:
    op.create_table(
        "fh_model_call",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False, server_default=""),
        sa.Column("prices", sa.Text, nullable=False, server_default=""),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.BigInteger),
        sa.Column("input_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("cached_tokens", sa.Integer),
        sa.Column("seconds", sa.Float),
        sa.Column("reply", sa.JSON),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False, server_default=""),
    )


def _convert() -> None:
    kept: list[sa.ColumnClause[Any]] = [sa.column(name) for name in (*_KEPT, "created")]
    new = sa.table("fh_model_call", *kept, *(sa.column(name) for name in ("id", "owner", "person", "reserved", "cost")))
    old = sa.table(_OLD, *(sa.column(name) for name in (*_KEPT, "created", "reserved", "cost")))
    tasks = sa.table("fh_task", sa.column("id"), sa.column("actor"))
    slash = sa.func.strpos if op.get_bind().dialect.name == "postgresql" else sa.func.instr
    owner = sa.func.substr(old.c.repository, 1, slash(old.c.repository + "/", "/") - 1)
    actor = sa.select(tasks.c.actor).where(tasks.c.id == old.c.task).scalar_subquery()
    paid, held = (sa.cast(sa.func.round(old.c[name] * 1_000_000), sa.BigInteger) for name in ("cost", "reserved"))
    identity = old.c.task + sa.literal(" ") + old.c.step
    rows = sa.select(*(old.c[one.name] for one in kept), identity, owner, sa.func.coalesce(actor, ""), held, paid)
    op.execute(sa.insert(new).from_select([column.name for column in new.c], rows))


def _create_limits() -> None:
    op.create_table(
        "fh_spending_limit",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("strength", sa.Text, primary_key=True),
        sa.Column("ceiling", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_limit_notice",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ceiling", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("share", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
