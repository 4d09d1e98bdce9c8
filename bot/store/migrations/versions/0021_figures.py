"""Keep performance, error and usage figures of deployments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "fh_figures",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("environment", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, primary_key=True),
        sa.Column("ended", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("deployment", sa.BigInteger),
        sa.Column("numbers", sa.JSON, nullable=False),
    )
    op.create_index("fh_figures_ended", "fh_figures", ["ended"])
    op.create_index("fh_figures_repository", "fh_figures", ["repository", "ended"])
