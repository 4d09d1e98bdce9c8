"""Declare the tables of signals and incidents, as :mod:`bot.store.tables` does for the rest."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.tables import BigKey, metadata


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(f"fh_{name}", metadata, *columns)


signal_seen = _table(
    "signal_seen",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("seen", sa.BigInteger, nullable=False),
    sa.Index("fh_signal_seen_seen", "seen"),
)

incident = _table(
    "incident",
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("repository", sa.BigInteger, nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("open_key", sa.Text, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("opened", sa.BigInteger, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("episode", sa.Integer, nullable=False),
    sa.Column("good_sha", sa.Text, nullable=False),
    sa.Column("bad_sha", sa.Text, nullable=False),
    sa.Column("number", sa.Integer),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("due", sa.BigInteger),
    sa.Column("passes", sa.Integer, nullable=False),
    sa.Column("passed", sa.BigInteger),
    sa.Column("task", sa.Text),
    sa.Column("closed", sa.BigInteger),
    sa.Index("fh_incident_due", "due"),
    sa.Index("fh_incident_opened", "repository", "opened"),
    sa.Index("fh_incident_listed", "last", "id"),
)

trouble = _table(
    "trouble",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("incident", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("setup", sa.Boolean, nullable=False),
    sa.Column("firing", sa.Boolean, nullable=False),
    sa.Column("alerts", sa.JSON, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("bad_sha", sa.Text, nullable=False),
    sa.Column("good_sha", sa.Text, nullable=False),
    sa.Column("good", sa.BigInteger),
    sa.Column("green", sa.BigInteger),
    sa.Index("fh_trouble_incident", "incident"),
)

incident_join = _table(
    "incident_join",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("incident", sa.Text, nullable=False),
    sa.Index("fh_incident_join_incident", "incident"),
)

incident_event = _table(
    "incident_event",
    sa.Column("id", BigKey, primary_key=True, autoincrement=True),
    sa.Column("incident", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index("fh_incident_event_incident", "incident", "id"),
)

incident_act = _table(
    "incident_act",
    sa.Column("incident", sa.Text, primary_key=True),
    sa.Column("act", sa.Text, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("episode", sa.Integer, nullable=False),
    sa.Column("repository", sa.BigInteger, nullable=False),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("input", sa.JSON, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("task", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("ended", sa.BigInteger),
    sa.Index("fh_incident_act_recent", "repository", "at"),
)

lesson = _table(
    "lesson",
    sa.Column("incident", sa.Text, primary_key=True),
    sa.Column("episode", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("repository", sa.BigInteger, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("healed_by", sa.Text, nullable=False),
    sa.Column("citation", sa.Text, nullable=False),
    sa.Column("worked", sa.Boolean, nullable=False),
    sa.Column("seconds", sa.Integer, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Index("fh_lesson_repository", "repository", "expires"),
)
