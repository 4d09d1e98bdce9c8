"""Keep the tokens that each call wrote to a provider's cache."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("fh_model_call", sa.Column("cache_write_tokens", sa.Integer))
