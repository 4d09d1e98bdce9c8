"""Remember who may send signals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "fh_signal_source",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("installation", sa.BigInteger, nullable=False),
        sa.Column("repository", sa.JSON, nullable=False),
        sa.Column("key_hash", sa.Text, nullable=False),
        sa.Column("secrets", sa.JSON, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
    )
