"""Know which process holds a delivery: another may take it over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("fh_delivery", sa.Column("owner", sa.Text))
