"""Keep sealed keys of models' providers, and how far a change of the master key is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "fh_key",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.Column("owner_name", sa.Text, nullable=False),
        sa.Column("installation", sa.BigInteger, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("masked", sa.Text, nullable=False),
        sa.Column("sealed", sa.Text),
        sa.Column("use", sa.Text, nullable=False),
        sa.Column("slot", sa.Text, unique=True),
        sa.Column("fallback", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("tested", sa.BigInteger),
        sa.Column("retired", sa.BigInteger),
    )
    op.create_index("fh_key_owner", "fh_key", ["provider", "scope", "owner"])
    op.create_table(
        "fh_resealing",
        sa.Column("master", sa.Text, primary_key=True),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("ended", sa.BigInteger),
    )
