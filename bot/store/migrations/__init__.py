"""Upgrade the schema with alembic, at start.

``python -m bot.store.migrations`` upgrades the database whose URL it reads.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import structlog

from bot.store.database import StoreError

VERSION_TABLE = "fh_alembic_version"
_INCREMENTAL = 2
log = structlog.get_logger(__name__)
_ADVISORY_LOCK = 0x464F5247  # any number of ours; "FORG" in ASCII


def upgrade(engine: sa.Engine) -> None:
    """Upgrade behind one lock; StoreError where the database is newer."""
    if is_current(engine):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"select pg_advisory_lock({_ADVISORY_LOCK})"))
        else:  # the driver begins no transaction of its own before it changes tables
            connection.exec_driver_sql("begin immediate")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        if engine.dialect.name == "sqlite":
            let_shrink(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"select pg_advisory_unlock({_ADVISORY_LOCK})"))
            connection.commit()


def let_shrink(connection: sa.Connection) -> None:
    """Let the file give back what was deleted; once, it is written anew."""
    if connection.exec_driver_sql("pragma auto_vacuum").scalar_one() == _INCREMENTAL:
        return
    connection.commit()
    try:
        connection.exec_driver_sql(f"pragma auto_vacuum = {_INCREMENTAL}")
        connection.exec_driver_sql("vacuum")
    except sa.exc.OperationalError as error:  # no room for a second copy: it works as it is
        log.warning("the database's file will not shrink", reason=str(error.orig))


def is_current(engine: sa.Engine) -> bool:
    """Return True if nothing is to upgrade; StoreError if it is newer."""
    found = _read_revision(engine)
    # Revisions are numbered, as are their files.
    newest = max(path.name[:4] for path in Path(__file__).parent.glob("versions/[0-9]*.py"))
    if found is not None and found > newest:
        raise StoreError(
            f"The database was upgraded by a newer Forgehand (revision {found}; this one knows {newest}): "
            "run the newer one, or restore the backup made before the upgrade."
        )
    return found == newest


def _read_revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))).scalar()
