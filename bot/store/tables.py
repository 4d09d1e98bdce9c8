"""Declare the tables. Times are milliseconds since the epoch; JSON columns hold plain JSON.

All names carry the prefix ``fh_`` because the engine keeps its own tables in the same database.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
BigKey = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(f"fh_{name}", metadata, *columns)


delivery = _table(
    "delivery",
    sa.Column("guid", sa.Text, primary_key=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("done", sa.BigInteger),
    sa.Column("error", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Index("fh_delivery_open", "done", "received"),
    sa.Index("fh_delivery_listed", "received", "guid"),
    sa.Index(
        "fh_delivery_failed",
        "received",
        "guid",
        sqlite_where=sa.text("error IS NOT NULL"),
        postgresql_where=sa.text("error IS NOT NULL"),
    ),
)

# What tasks are listed by. Every index of a list ends in all of it: a filter then reads no row that it leaves out.
_LISTED = ("repository", "state", "flow", "actor", "number")


def _listing(name: str, *first: str) -> sa.Index:
    return sa.Index(name, *first, *(each for each in _LISTED if each not in first))


task = _table(
    "task",
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
    sa.Column("posted", sa.JSON, nullable=False, default=dict),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("started", sa.BigInteger),
    sa.Column("ended", sa.BigInteger),
    sa.Column("admitted", sa.BigInteger),
    sa.Index("fh_task_target", "repository", "number"),
    sa.Index("fh_task_delivery", "delivery"),
    _listing("fh_task_state", "state", "created", "id"),
    _listing("fh_task_created", "created", "id"),
    _listing("fh_task_listed", "repository", "created", "id"),
    sa.Index("fh_task_parent", "parent"),
)

task_event = _table(
    "task_event",
    sa.Column("id", BigKey, primary_key=True, autoincrement=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index("fh_task_event_task", "task", "id"),
    sa.Index("fh_task_event_kind", "task", "kind", "id"),
)

attempt = _table(
    "attempt",
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
)

kept_change = _table(
    "kept_change",
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("kept", sa.BigInteger, nullable=False),
)

artifact = _table(
    "artifact",
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("cut", sa.Boolean, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
)

model_call = _table(
    "model_call",
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False, server_default=""),
    sa.Column("prices", sa.Text, nullable=False, server_default=""),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.BigInteger),
    sa.Column("input_tokens", sa.Integer),
    sa.Column("output_tokens", sa.Integer),
    sa.Column("cached_tokens", sa.Integer),
    sa.Column("cache_write_tokens", sa.Integer),
    sa.Column("seconds", sa.Float),
    sa.Column("reply", sa.JSON),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("key", sa.Text, nullable=False, server_default=""),
    sa.Column("flow", sa.Text, nullable=False, server_default=""),
    sa.Column("repository_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("fh_model_call_step", "task", "step"),
    sa.Index("fh_model_call_created", "created"),
    sa.Index("fh_model_call_repository", "repository", "created"),
    sa.Index("fh_model_call_owner", "owner", "created"),
    sa.Index("fh_model_call_person", "person", "created"),
    sa.Index("fh_model_call_key", "key", "created"),
    sa.Index("fh_model_call_state", "state", "created"),
)

spending_limit = _table(
    "spending_limit",
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("strength", sa.Text, primary_key=True),
    sa.Column("ceiling", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
)

passing_limit = _table(
    "passing_limit",
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("strength", sa.Text, primary_key=True),
    sa.Column("ceiling", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
)

limit_notice = _table(
    "limit_notice",
    sa.Column("scope", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ceiling", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("share", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

outcome = _table(
    "outcome",
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("flow", sa.Text, nullable=False, server_default=""),
    sa.Column("repository", sa.Text, nullable=False, server_default=""),
    sa.Column("repository_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("fh_outcome_flow", "flow", "kind", "at"),  # counted in this order, nothing has to be sorted
    sa.Index("fh_outcome_repository", "repository", "flow", "kind", "at", "repository_id"),
)

finding = _table(
    "finding",
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("task", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("comment", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("actor", sa.Text),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Index("fh_finding_target", "repository", "number"),
    sa.Index("fh_finding_updated", "updated"),
)

installation = _table(
    "installation",
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("permissions", sa.JSON, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
)

audit = _table(
    "audit",
    sa.Column("id", BigKey, primary_key=True, autoincrement=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("task", sa.Text),
    sa.Column("delivery", sa.Text),
    sa.Column("repository", sa.Text),
    sa.Column("actor", sa.Text),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("allowed", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("fh_audit_delivery", "delivery"),
    sa.Index("fh_audit_repository", "repository", "id"),
    sa.Index("fh_audit_actor", "actor", "id"),
)

heartbeat = _table(
    "heartbeat",
    sa.Column("executor", sa.Text, primary_key=True),
    sa.Column("seen", sa.BigInteger, nullable=False),
)

api_token = _table(
    "api_token",
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False, unique=True),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("account", sa.JSON, nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
    sa.Column("repositories", sa.JSON(none_as_null=True)),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Column("used", sa.BigInteger),
    sa.Column("revoked", sa.BigInteger),
)

api_request = _table(
    "api_request",
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("task", sa.Text),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Index("fh_api_request_created", "created"),
)

used_token = _table(
    "used_token",
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("jti", sa.Text, primary_key=True),
    sa.Column("expires", sa.BigInteger, nullable=False),
    sa.Index("fh_used_token_expires", "expires"),
)

test_report = _table(
    "test_report",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("variant", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("tree", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("tests", sa.Integer, nullable=False),
    sa.Column("left_out", sa.Text, nullable=False, server_default=""),
    sa.Index("fh_test_report_at", "repository", "at"),
)

test_outcome = _table(
    "test_outcome",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("test", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("passed", sa.Boolean, nullable=False),
)

examined_test = _table(
    "examined_test",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("test", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

signal_source = _table(
    "signal_source",
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("installation", sa.BigInteger, nullable=False),
    sa.Column("repository", sa.JSON, nullable=False),
    sa.Column("key_hash", sa.Text, nullable=False),
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("seen", sa.BigInteger),
    sa.Column("revoked", sa.BigInteger),
)

key = _table(
    "key",
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("owner", sa.BigInteger, nullable=False),
    sa.Column("owner_name", sa.Text, nullable=False),
    sa.Column("installation", sa.BigInteger, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("masked", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text),
    sa.Column("use", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, unique=True),
    sa.Column("fallback", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("until", sa.BigInteger),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("tested", sa.BigInteger),
    sa.Column("retired", sa.BigInteger),
    sa.Column("stages", sa.JSON(none_as_null=True)),
    sa.Index("fh_key_owner", "provider", "scope", "owner"),
)

resealing = _table(
    "resealing",
    sa.Column("master", sa.Text, primary_key=True),
    sa.Column("began", sa.BigInteger, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("ended", sa.BigInteger),
)

deployment = _table(
    "deployment",
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("repository", sa.BigInteger, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("good", sa.BigInteger),
    sa.Index("fh_deployment_place", "repository", "environment", "created"),
)

rollback = _table(
    "rollback",
    sa.Column("task", sa.Text, primary_key=True),
    sa.Column("repository", sa.BigInteger, nullable=False),
    sa.Column("place", sa.JSON, nullable=False),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("bad", sa.BigInteger, nullable=False),
    sa.Column("bad_sha", sa.Text, nullable=False),
    sa.Column("sha", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("deployment", sa.BigInteger),
    sa.Column("issue", sa.Integer),
    sa.Column("began", sa.BigInteger, nullable=False),
    sa.Column("due", sa.BigInteger),
    sa.Column("ended", sa.BigInteger),
    sa.Index("fh_rollback_place", "repository", "environment", "began"),
    sa.Index("fh_rollback_due", "due"),
)

figures = _table(
    "figures",
    sa.Column("repository", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("environment", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("ended", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("started", sa.BigInteger, nullable=False),
    sa.Column("deployment", sa.BigInteger),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Index("fh_figures_ended", "ended"),
    sa.Index("fh_figures_repository", "repository", "ended"),
)
