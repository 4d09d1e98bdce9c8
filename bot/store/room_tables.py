"""Declare the tables of the control room: who is signed in, and what they handed to Copilot."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import metadata

session = sa.Table(
    "fh_session",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("account", sa.JSON(none_as_null=True)),
    sa.Column("account_id", sa.BigInteger),
    sa.Column("seen", sa.JSON, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("token", sa.Text),
    sa.Column("token_until", sa.BigInteger),
    sa.Column("browser", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.Index("fh_session_account", "account_id"),
    sa.Index("fh_session_used", "used"),
)

local_token = sa.Table(
    "fh_local_token",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

delegation = sa.Table(
    "fh_delegation",
    metadata,
    sa.Column("repository_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("installation", sa.BigInteger, nullable=False),
    sa.Column("account", sa.JSON, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("pull", sa.Integer),
)
