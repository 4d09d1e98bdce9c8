"""Declare the tables of approvals, and of what was written on GitHub."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import metadata

approval = sa.Table(
    "fh_approval",
    metadata,
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("account", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
