"""Findings know their comment and who rejected them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # The first revision makes the tables as they are today, so a new database has these already.
    if any(column["name"] == "comment" for column in sa.inspect(op.get_bind()).get_columns("fh_finding")):
        return
    op.add_column("fh_finding", sa.Column("comment", sa.BigInteger))
    op.add_column("fh_finding", sa.Column("reason", sa.Text, nullable=False, server_default=""))
    op.add_column("fh_finding", sa.Column("actor", sa.Text))
    op.create_index("fh_finding_target", "fh_finding", ["repository", "number"])
