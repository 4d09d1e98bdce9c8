"""Keep every write on GitHub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "fh_github_write",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("delivery", sa.Text),
        sa.Column("repository", sa.BigInteger),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("request", sa.Text, nullable=False, server_default=""),
        sa.Column("ended", sa.BigInteger),
    )
    op.create_index("fh_github_write_task", "fh_github_write", ["task"])
