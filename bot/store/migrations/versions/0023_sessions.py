"""Keep who is signed in to the control room."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "fh_session",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        sa.Column("account", sa.JSON(none_as_null=True)),
        sa.Column("account_id", sa.BigInteger),
        sa.Column("seen", sa.JSON, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("token", sa.Text),
        sa.Column("token_until", sa.BigInteger),
        sa.Column("browser", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    op.create_index("fh_session_account", "fh_session", ["account_id"])
    op.create_index("fh_session_used", "fh_session", ["used"])
    op.create_table(
        "fh_local_token",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
