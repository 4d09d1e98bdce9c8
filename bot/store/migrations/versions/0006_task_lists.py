"""Keep the tasks of a repository in the order in which they are listed."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index("fh_task_listed", "fh_task", ["repository", "created", "id"])
