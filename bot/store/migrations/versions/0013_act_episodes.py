"""Remember in which episode of an incident something was started."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("fh_incident_act", sa.Column("episode", sa.Integer, nullable=False, server_default="1"))
