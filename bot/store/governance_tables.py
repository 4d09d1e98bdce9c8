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

github_write = sa.Table(
    "fh_github_write",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("task", sa.Text),
    sa.Column("delivery", sa.Text),
    sa.Column("repository", sa.BigInteger),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("request", sa.Text, nullable=False, server_default=""),
    sa.Column("ended", sa.BigInteger),
    sa.Index("fh_github_write_task", "task"),
)
