"""Keep who approved which change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "fh_approval",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("account", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
