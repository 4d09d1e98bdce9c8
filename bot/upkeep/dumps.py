"""Copy a database that is in use into one file, and fill an empty one from it. All of it blocks."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from bot.engine.dbos_setup import lock_database
from bot.store.database import create_engine
from bot.store.migrations import VERSION_TABLE
from bot.store.store import Store
from bot.types import ForgehandError

_TOOLS = "Install PostgreSQL's client programs, as new as the server (apt-get install postgresql-client)"


class BackupError(ForgehandError):
    """A backup that cannot be made, read or restored."""


def dump(url: str, target: Path) -> None:
    """Copy a database as it is at one moment; raises :class:`BackupError`."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], address)
        return
    source = Path(address.database or "")
    if not source.is_file():
        raise BackupError(f"There is no database at {source} to back up.")
    url = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(url, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)


def load(url: str, source: Path) -> None:
    """Fill a database that is not there yet, and upgrade it to this build.

    Raises :class:`BackupError` where there is one, or what is to be restored is damaged.
    """
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        _load_file(address, source)
        return
    store = Store(create_engine(url))
    try:
        with store.engine.connect() as connection:
            if sa.inspect(connection).has_table(VERSION_TABLE):
                raise BackupError(f"The database {address.database} is in use already: name an empty one.")
        options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
        _run("pg_restore", [*options, str(source)], address)
        store.migrate()
    finally:
        store.close()


def _load_file(address: sa.URL, source: Path) -> None:
    target = Path(address.database or "")
    if target.exists():
        raise BackupError(f"There is a database at {target} already: stop the server and move it away first.")
    with closing(lock_database(sa.create_engine(address))):
        aside = target.with_name(f"{target.name}.restored")
        aside.unlink(missing_ok=True)
        shutil.copyfile(source, aside)
        with closing(sqlite3.connect(aside)) as copy:
            try:
                (found,) = copy.execute("pragma integrity_check").fetchone()
            except sqlite3.DatabaseError as error:
                found = str(error)
        if found != "ok":
            raise BackupError(f"The database in the backup is damaged ({found}): take an earlier backup.")
        store = Store(create_engine(f"sqlite:///{aside}"))
        try:
            store.migrate()
        finally:
            store.close()
        aside.rename(target)


def _run(program: str, arguments: Sequence[str], address: sa.URL) -> None:
    """Run a program of PostgreSQL's; the password goes by its environment."""
    if shutil.which(program) is None:
        raise BackupError(f"{program} is not here. {_TOOLS}, or run this where they are.")
    plain = address.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": str(address.password)} if address.password else {}
    done = subprocess.run(
        [program, f"--dbname={plain}", *arguments], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-1000:]}")
