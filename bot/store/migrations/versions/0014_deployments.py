"""Keep what is deployed where, and what was rolled back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "fh_deployment",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("repository", sa.BigInteger, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("sha", sa.Text, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("good", sa.BigInteger),
    )
    op.create_index("fh_deployment_place", "fh_deployment", ["repository", "environment", "created"])
    op.create_table(
        "fh_rollback",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("repository", sa.BigInteger, nullable=False),
        sa.Column("place", sa.JSON, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("bad", sa.BigInteger, nullable=False),
        sa.Column("bad_sha", sa.Text, nullable=False),
        sa.Column("sha", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("deployment", sa.BigInteger),
        sa.Column("issue", sa.Integer),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
    )
    op.create_index("fh_rollback_place", "fh_rollback", ["repository", "environment", "began"])
    op.create_index("fh_rollback_due", "fh_rollback", ["due"])
