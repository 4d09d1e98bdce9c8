"""Keep the App that a set-up registered, set-ups under way, and what the doctor found last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "fh_app",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_wishes",
        sa.Column("session", sa.Text, primary_key=True),
        sa.Column("chosen", sa.JSON, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_setup_state",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("session", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_checkup",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("ran", sa.BigInteger, nullable=False),
    )
