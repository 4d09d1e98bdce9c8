"""Keep how the last test of each key went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("fh_key", sa.Column("stages", sa.JSON(none_as_null=True)))
