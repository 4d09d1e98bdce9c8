"""Keep finished changes until they are published."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "fh_kept_change",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("kept", sa.BigInteger, nullable=False),
    )
