"""Declare the table in which processes tell what they took of limits."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import metadata

shared_rate = sa.Table(
    "fh_shared_rate",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("process", sa.Text, nullable=False),
    sa.Column("taken", sa.JSON, nullable=False),
)
