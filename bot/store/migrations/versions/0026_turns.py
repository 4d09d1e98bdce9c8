"""Let repositories take turns: note when a task was let into the engine's queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("fh_task", sa.Column("admitted", sa.BigInteger))
