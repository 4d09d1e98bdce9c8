"""Schema upgrades with alembic, at start. ``python -m bot.store.migrations`` upgrades the URL it reads."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

VERSION_TABLE = "fh_alembic_version"
_ADVISORY_LOCK = 0x464F5247


def upgrade(engine: sa.Engine) -> None:
    """Bring the database to the newest revision. Processes that start together queue up behind one lock."""
    if _revision(engine) == _newest():
        return
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


def _revision(engine: sa.Engine) -> str | None:
    """The revision the database has; None where it has none."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()


def _newest() -> str:
    """Revisions are numbered; their files begin with the number."""
    return max(path.name[:4] for path in Path(__file__).parent.glob("versions/[0-9]*.py"))
