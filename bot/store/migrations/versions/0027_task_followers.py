"""Find the tasks that go on from one."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_index("fh_task_parent", "fh_task", ["parent"])
