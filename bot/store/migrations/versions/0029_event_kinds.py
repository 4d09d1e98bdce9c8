"""Find the events of one kind in a long story."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_index("fh_task_event_kind", "fh_task_event", ["task", "kind", "id"])
