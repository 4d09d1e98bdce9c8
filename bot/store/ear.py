"""Hear what other processes tell of at a commit (PostgreSQL's LISTEN and NOTIFY)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import sqlalchemy as sa
import structlog

if TYPE_CHECKING:
    import psycopg

log = structlog.get_logger(__name__)


class Ear:
    """An ear for one channel, on a connection of its own.

    It calls ``stir`` where it heard something, or may have missed something, and ``tie`` with each new connection.
    """

    def __init__(
        self,
        engine: sa.Engine,
        channel: str,
        stir: Callable[[], None],
        tie: Callable[[sa.Connection], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._channel = channel
        self._stir = stir
        self._tie = tie
        self._connection: sa.Connection | None = None
        self._driver: psycopg.Connection | None = None
        self._socket = -1  # a lost connection no longer tells

    @property
    def hears(self) -> bool:
        """Return False while there is no connection to hear by."""
        return self._driver is not None

    async def ensure(self) -> None:
        """Listen, if we do not; stir for what came meanwhile."""
        if self._driver is None:
            self._driver = await asyncio.to_thread(self._connect)
            self._socket = self._driver.fileno()
            asyncio.get_running_loop().add_reader(self._socket, self._hear)
            self._stir()

    def close(self) -> None:
        """Listen no longer."""
        if self._driver is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._driver = None
        if self._connection is not None:
            with suppress(sa.exc.DBAPIError):  # it may be lost already
                self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()
        connection.execute(sa.text(f"listen {self._channel}"))
        self._tie(connection)
        self._connection = connection
        return cast("psycopg.Connection", connection.connection.dbapi_connection)

    def _hear(self) -> None:
        assert self._driver is not None
        try:
            self._driver.pgconn.consume_input()
            while self._driver.pgconn.notifies() is not None:
                self._stir()
        except Exception:  # the connection is gone; the next `ensure` makes another
            log.warning("listening broke off", channel=self._channel, exc_info=True)
            self.close()
            self._stir()


def notify(connection: sa.Connection, channel: str) -> None:
    """Tell who listens, at the commit; of several times in one once."""
    connection.execute(sa.select(sa.func.pg_notify(channel, "")))
