"""Keep which key paid for a model call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("fh_model_call", sa.Column("key", sa.Text, nullable=False, server_default=""))
