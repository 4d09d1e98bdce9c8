"""Declare the tables of the set-up: the App it registered, what is under way, what the doctor found."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import metadata

app = sa.Table(
    "fh_app",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

wishes = sa.Table(
    "fh_wishes",
    metadata,
    sa.Column("session", sa.Text, primary_key=True),
    sa.Column("chosen", sa.JSON, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
)

setup_state = sa.Table(
    "fh_setup_state",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("session", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
)

checkup = sa.Table(
    "fh_checkup",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("lines", sa.JSON, nullable=False),
    sa.Column("ran", sa.BigInteger, nullable=False),
)
