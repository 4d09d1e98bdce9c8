"""Alembic's entry point: run the revisions on the connection that ``upgrade`` hands over."""

from __future__ import annotations

from alembic import context

from bot.store.migrations import VERSION_TABLE
from bot.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
