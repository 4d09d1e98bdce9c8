"""Copy a database that is in use into one file, and fill an empty one from it. All of it blocks."""

from __future__ import annotations

import os
import re
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
# From here on pg_restore sets what older servers do not know, and older ones of it cannot read what pg_dump wrote.
_PARTED = 17
# PostgreSQL's version by that of the format that its pg_dump was the first to write; older pg_restore cannot read it.
_WRITTEN_BY = {"1.15": 16, "1.16": 17}
_UNREAD = re.compile(r"unsupported version \(([\d.]+)\) in file header")


class BackupError(ForgehandError):
    """A backup that cannot be made, read or restored."""


def dump(url: str, target: Path) -> str:
    """Copy a database as it is at one moment; returns what to know of it.

    Raises :class:`BackupError`.
    """
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        client, server = _ask_program("pg_dump"), _ask_server(url)
        if reason := refuse_dump(client, server):
            raise BackupError(reason)
        _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"], address)
        return tell_of_dump(client, server)
    source = Path(address.database or "")
    if not source.is_file():
        raise BackupError(f"There is no database at {source} to back up.")
    url = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(url, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    return ""


def refuse_dump(client: int, server: int) -> str:
    """Say why this pg_dump cannot copy from a server, if so."""
    if client >= server:
        return ""
    return f"pg_dump is of PostgreSQL {client}, the server of {server}: run this with client programs of {server}."


def refuse_restore(client: int, server: int) -> str:
    """Say why this pg_restore cannot fill a server, if so."""
    if client < _PARTED or server >= _PARTED:
        return ""
    return (
        f"pg_restore is of PostgreSQL {client}, the server of {server}, which it cannot fill: restore into a server of "
        f"{_PARTED} or newer, or use pg_restore of {server} if the backup was made with pg_dump of {server}."
    )


def refuse_format(found: str, client: int, server: int) -> str:
    """Say what is needed to restore a dump that this pg_restore cannot read."""
    written_by = _WRITTEN_BY.get(found)
    needed = f"of {written_by} or newer" if written_by else "as new as the pg_dump that made it"
    where = f", and restore into a server of {_PARTED} or newer" if written_by == _PARTED > server else ""
    return (
        f"pg_restore is of PostgreSQL {client}, too old to read this backup: run this with client programs {needed}"
        f"{where}."
    )


def tell_of_dump(client: int, server: int) -> str:
    """Say where a dump cannot be restored, if not where it is from."""
    if not refuse_restore(client, server):
        return ""
    return (
        f"pg_dump of PostgreSQL {client} wrote it: it can be restored into a server of {_PARTED} or newer only, not "
        f"into one of {server} as here."
    )


def load(url: str, source: Path) -> None:
    """Fill a database that is not there yet, and upgrade it to this build.

    Raises :class:`BackupError` where there is one, or what is to be restored is damaged.
    """
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        _load_file(address, source)
        return
    server = _ask_server(url)
    store = Store(create_engine(url))
    try:
        with store.engine.connect() as connection:
            if sa.inspect(connection).has_table(VERSION_TABLE):
                raise BackupError(f"The database {address.database} is in use already: name an empty one.")
        client = _ask_program("pg_restore")
        found = _find_unread_format(source)
        if reason := refuse_format(found, client, server) if found else refuse_restore(client, server):
            raise BackupError(reason)
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


def _ask_program(program: str) -> int:
    """Ask a program of PostgreSQL's which major version it is of."""
    if shutil.which(program) is None:
        raise BackupError(f"{program} is not here. {_TOOLS}, or run this where they are.")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+)", done.stdout)  # vendors put their own name between the brackets
    if found is None:
        raise BackupError(f"{program} --version tells no version: {(done.stdout + done.stderr).strip()[-1000:]}")
    return int(found[1])


def _find_unread_format(source: Path) -> str:
    """Ask pg_restore for a dump's format, if it is too old to read that."""
    command = ["pg_restore", "--list", str(source)]
    english = os.environ | {"LC_ALL": "C"}
    listed = subprocess.run(command, env=english, capture_output=True, text=True, errors="replace", check=False)
    found = _UNREAD.search(listed.stderr)
    return found[1] if found else ""


def _ask_server(url: str) -> int:
    """Ask a server which major version it is of."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.execute(sa.text("show server_version_num")).scalar_one()) // 10000
    except sa.exc.DBAPIError as error:
        raise BackupError(f"PostgreSQL does not answer; check FORGEHAND_DATABASE_URL: {error.orig}") from None
    finally:
        engine.dispose()


def _run(program: str, arguments: Sequence[str], address: sa.URL) -> None:
    """Run a program of PostgreSQL's; the password goes by its environment."""
    plain = address.set(drivername="postgresql", password=None).render_as_string()
    secret = {"PGPASSWORD": str(address.password)} if address.password else {}
    done = subprocess.run(
        [program, f"--dbname={plain}", *arguments], env=os.environ | secret, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-1000:]}")
