"""Keep signals that were seen, incidents, what is wrong in each, and their stories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _make_incidents()
    _make_troubles()
    _make_stories()


def _make_incidents() -> None:
    texts = ("kind", "state", "title", "severity", "service", "environment", "branch", "cause", "good_sha", "bad_sha")
    moments = ("opened", "first", "last")
    op.create_table(
        "fh_incident",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("repository", sa.BigInteger, nullable=False),
        sa.Column("place", sa.JSON, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("open_key", sa.Text, unique=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in moments),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("count", "episode", "passes")),
        sa.Column("number", sa.Integer),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("task", sa.Text),
        *(sa.Column(name, sa.BigInteger) for name in ("due", "passed", "closed")),
    )
    op.create_index("fh_incident_due", "fh_incident", ["due"])
    op.create_index("fh_incident_opened", "fh_incident", ["repository", "opened"])
    op.create_index("fh_incident_listed", "fh_incident", ["last", "id"])


def _make_troubles() -> None:
    op.create_table(
        "fh_signal_seen",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("seen", sa.BigInteger, nullable=False),
    )
    op.create_index("fh_signal_seen_seen", "fh_signal_seen", ["seen"])
    texts = ("kind", "title", "service", "environment", "branch", "bad_sha", "good_sha")
    op.create_table(
        "fh_trouble",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("incident", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("setup", sa.Boolean, nullable=False),
        sa.Column("firing", sa.Boolean, nullable=False),
        sa.Column("alerts", sa.JSON, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "last")),
        *(sa.Column(name, sa.BigInteger) for name in ("good", "green")),
    )
    op.create_index("fh_trouble_incident", "fh_trouble", ["incident"])
    op.create_table(
        "fh_incident_join",
        sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("incident", sa.Text, nullable=False),
    )
    op.create_index("fh_incident_join_incident", "fh_incident_join", ["incident"])


def _make_stories() -> None:
    op.create_table(
        "fh_incident_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("incident", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("fh_incident_event_incident", "fh_incident_event", ["incident", "id"])
    op.create_table(
        "fh_incident_act",
        sa.Column("incident", sa.Text, primary_key=True),
        sa.Column("act", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("repository", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("branch", "environment", "reason", "outcome")),
        sa.Column("input", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("ended", sa.BigInteger),
    )
    op.create_index("fh_incident_act_recent", "fh_incident_act", ["repository", "at"])
    op.create_table(
        "fh_lesson",
        sa.Column("incident", sa.Text, primary_key=True),
        sa.Column("episode", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("repository", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("key", "cause", "healed_by", "citation")),
        sa.Column("worked", sa.Boolean, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("at", "expires")),
    )
    op.create_index("fh_lesson_repository", "fh_lesson", ["repository", "expires"])
