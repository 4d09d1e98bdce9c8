"""Add to findings their comment and who rejected them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("fh_finding", sa.Column("comment", sa.BigInteger))
    op.add_column("fh_finding", sa.Column("reason", sa.Text, nullable=False, server_default=""))
    op.add_column("fh_finding", sa.Column("actor", sa.Text))
    op.create_index("fh_finding_target", "fh_finding", ["repository", "number"])
