"""Remember how tests ended, and what examining them showed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "fh_test_report",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("sha", sa.Text, nullable=False),
        sa.Column("tree", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("tests", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("fh_test_report_at", "fh_test_report", ["repository", "at"])
    op.create_table(
        "fh_test_outcome",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("test", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("passed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "fh_examined_test",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("test", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
