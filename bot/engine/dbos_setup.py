"""Prepare dbos for its launch: configuration, tables, queues, lock, logs."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import threading
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.engine.port import EngineError
from bot.store.turns import Lane

if TYPE_CHECKING:
    from dbos import DBOS, DBOSConfig, Serializer
    from dbos._sys_db import SystemDatabase

NAME = "forgehand"
GROUPED = "forgehand-grouped"
FREE = "forgehand-free"
QUEUES: dict[Lane, str] = {"grouped": GROUPED, "free": FREE, "quick": "forgehand-quick"}
VERSION = "1"
QUEUE_SECONDS = 20.0  # between looks for what a process let in and died before it told of it
_UNUSED_SECONDS = 60.0  # between dbos's looks for what we never use: delays, deadlines, schedules, its own queue


def make_config(url: str, engine: sa.Engine, executor: str) -> DBOSConfig:
    """Make the configuration of dbos.

    The version is constant, or an upgrade would strand what the version before left unfinished.
    """
    return {
        "name": NAME,
        "system_database_url": url,
        "system_database_engine": engine,
        "application_version": VERSION,
        "executor_id": executor,
        "serializer": _make_serializer(),
        "log_level": "WARNING",
        "scheduler_polling_interval_sec": _UNUSED_SECONDS,
        "run_migrations": False,
    }


def prepare(settings: DBOSConfig, workers: int) -> None:
    """Bring dbos's tables and queues up to date, or it sees them a second on."""
    from dbos import DBOS, DBOSClient

    DBOS.migrate(str(settings["system_database_url"]))
    client = DBOSClient(
        system_database_engine=settings["system_database_engine"],
        serializer=_make_serializer(),
        application_name=NAME,
    )
    for name in QUEUES.values():
        limit = 1 if name == GROUPED else None
        client.register_queue(
            name, partition_concurrency=limit, worker_concurrency=max(workers, 1), polling_interval_sec=QUEUE_SECONDS
        )
    client.destroy()


def calm(dbos: DBOS) -> None:
    """Let dbos look seldom or never for what we never use.

    By default it asks the database for each once a second, and which queues there are; on PostgreSQL it looks 100 times
    a second for notifications to send, and keeps a connection to hear some. The threads for notifications sleep where
    nothing wakes them, so that stopping would wait for them. None of this is public. Before launch.
    """
    from dbos import _dbos, _queue, _scheduler, _sys_db_postgres, _sys_db_sqlite, _workflow_commands

    def watch_own_queue(stop: threading.Event, dbos: DBOS) -> None:
        _queue.queue_worker_thread(stop, dbos, own)

    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = _UNUSED_SECONDS
    _scheduler._STARTUP_FAST_POLL_INTERVAL_SEC = _UNUSED_SECONDS
    own = dbos._registry.get_internal_queue()
    own._polling_interval_sec = _UNUSED_SECONDS
    vars(_dbos)["queue_thread"] = watch_own_queue
    for kind in (_sys_db_sqlite.SQLiteSystemDatabase, _sys_db_postgres.PostgresSystemDatabase):
        for thread in ("run_notification_listener", "run_notifier"):
            setattr(kind, thread, _notify_nobody)


def _notify_nobody(_database: SystemDatabase) -> None:
    """Send and hear no notification of dbos's: we have none."""


def lock_database(engine: sa.Engine) -> IO[str]:
    """Lock the SQLite database for this process.

    A second engine would recover what the first is running. A record lock, because children forked from this process do
    not inherit it and keep it when we are killed.
    """
    lock = Path(f"{engine.url.database}.engine").open("w")  # noqa: SIM115 - held until close
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise EngineError(
            f"Another process uses {engine.url.database}: stop it, or use PostgreSQL to run several processes."
        ) from None
    return lock


def make_executor_id() -> str:
    """Make an executor id that no other process has."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def route_logs() -> None:
    """Send dbos's log records up to ours: with a handler it adds none."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def _make_serializer() -> Serializer:
    from dbos import Serializer

    class JsonSerializer(Serializer):
        """A serializer that writes JSON: pickle would execute what is stored."""

        def serialize(self, data: Any) -> str:
            return json.dumps(data, ensure_ascii=False, default=_as_json)

        def deserialize(self, serialized_data: str) -> Any:
            return json.loads(serialized_data, object_hook=_from_json)

        def name(self) -> str:
            return "forgehand_json"

    return JsonSerializer()


def _as_json(value: Any) -> dict[str, str]:
    """Write down an error of dbos itself; ours travel inside the stored texts."""
    if isinstance(value, BaseException):
        return {"$error": f"{type(value).__name__}: {value}"}
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


def _from_json(value: dict[str, Any]) -> Any:
    return EngineError(str(value["$error"])) if set(value) == {"$error"} else value
