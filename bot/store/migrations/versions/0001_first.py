"""Create the first tables, as they were then: a later change is a revision of its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts up by itself on SQLite


def upgrade() -> None:
    _create_inbox()
    _create_tasks()
    _create_work()


def _create_inbox() -> None:
    op.create_table(
        "fh_delivery",
        sa.Column("guid", sa.Text, primary_key=True),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger),
        sa.Column("error", sa.Text),
    )
    op.create_index("fh_delivery_open", "fh_delivery", ["done", "received"])
    op.create_table(
        "fh_installation",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_repository",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("installation", sa.BigInteger, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_audit",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("task", sa.Text),
        sa.Column("delivery", sa.Text),
        sa.Column("repository", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _create_tasks() -> None:
    op.create_table(
        "fh_task",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("parent", sa.Text),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("delivery", sa.Text),
        sa.Column("installation", sa.BigInteger, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("number", sa.Integer),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("argument", sa.JSON, nullable=False),
        sa.Column("active_key", sa.Text, unique=True),
        sa.Column("concurrency_group", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("cancel", sa.Text),
        sa.Column("result", sa.JSON),
        sa.Column("posted", sa.JSON, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("started", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
    )
    op.create_index("fh_task_target", "fh_task", ["repository", "number"])
    op.create_index("fh_task_state", "fh_task", ["state"])
    op.create_table(
        "fh_task_event",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )
    op.create_index("fh_task_event_task", "fh_task_event", ["task", "id"])
    op.create_table(
        "fh_attempt",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "fh_heartbeat",
        sa.Column("executor", sa.Text, primary_key=True),
        sa.Column("seen", sa.BigInteger, nullable=False),
    )


def _create_work() -> None:
    op.create_table(
        "fh_model_call",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("reserved", sa.Float, nullable=False),
        sa.Column("cost", sa.Float),
        sa.Column("input_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("cached_tokens", sa.Integer),
        sa.Column("seconds", sa.Float),
        sa.Column("reply", sa.JSON),
        sa.Column("created", sa.BigInteger, nullable=False),
    )
    op.create_index("fh_model_call_day", "fh_model_call", ["day", "repository"])
    op.create_table(
        "fh_outcome",
        sa.Column("task", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_finding",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("repository", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fh_artifact",
        sa.Column("id", _KEY, primary_key=True, autoincrement=True),
        sa.Column("task", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("blob", sa.Text, nullable=False),
        sa.Column("scores", sa.JSON),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("task", "kind", "name"),
    )
    op.create_table(
        "fh_blob",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
