"""Keep limits that end by themselves; find calls by key and state, and what ended by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "fh_passing_limit",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("strength", sa.Text, primary_key=True),
        sa.Column("ceiling", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
    )
    for table, name, columns in (
        ("model_call", "key", ["key", "created"]),
        ("model_call", "state", ["state", "created"]),
        ("outcome", "at", ["at"]),
        ("finding", "updated", ["updated"]),
    ):
        op.create_index(f"fh_{table}_{name}", f"fh_{table}", columns)
