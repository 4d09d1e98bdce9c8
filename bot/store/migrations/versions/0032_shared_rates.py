"""Tell the processes of a server what each took of its limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.create_table(
        "fh_shared_rate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("taken", sa.JSON, nullable=False),
    )
