"""Drop three tables that nothing ever wrote or read."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.drop_table("fh_artifact")
    op.drop_table("fh_blob")
    op.drop_table("fh_repository")
