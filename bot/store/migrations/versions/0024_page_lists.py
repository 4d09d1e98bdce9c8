"""Let lists of tasks and deliveries be read from an index, whatever they are filtered by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_LISTED = ["state", "flow", "actor", "number"]


def upgrade() -> None:
    for name in ("fh_task_state", "fh_task_created", "fh_task_listed"):
        op.drop_index(name, "fh_task")
    op.create_index("fh_task_state", "fh_task", ["state", "created", "id", "repository", *_LISTED[1:]])
    op.create_index("fh_task_created", "fh_task", ["created", "id", "repository", *_LISTED])
    op.create_index("fh_task_listed", "fh_task", ["repository", "created", "id", *_LISTED])
    failed = sa.text("error IS NOT NULL")
    op.create_index("fh_delivery_listed", "fh_delivery", ["received", "guid"])
    op.create_index(
        "fh_delivery_failed", "fh_delivery", ["received", "guid"], sqlite_where=failed, postgresql_where=failed
    )
    op.create_index("fh_audit_delivery", "fh_audit", ["delivery"])
    op.create_index("fh_audit_repository", "fh_audit", ["repository", "id"])
    op.create_index("fh_audit_actor", "fh_audit", ["actor", "id"])
    op.create_index("fh_task_delivery", "fh_task", ["delivery"])
