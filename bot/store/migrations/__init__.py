"""Schema upgrades with alembic, run in process at start."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

_ADVISORY_LOCK = 0x464F5247


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest revision. Processes that start together queue up behind one lock."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"select pg_advisory_lock({_ADVISORY_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"select pg_advisory_unlock({_ADVISORY_LOCK})"))
            connection.commit()
