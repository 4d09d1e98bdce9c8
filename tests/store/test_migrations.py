"""Upgrades at start: from nothing to the newest revision, in a process of its own; alembic is loaded for that only."""

from __future__ import annotations

import subprocess
import sys

import sqlalchemy as sa

from bot.store.database import create_engine
from bot.store.tables import metadata

_AGAIN = """
import sys
from bot.store.database import create_engine
from bot.store.store import Store
Store(create_engine(sys.stdin.read())).migrate()
print("alembic" in sys.modules)
"""


def _python(*arguments: str, given: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], input=given, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_module_upgrades_the_database_whose_url_it_reads(database: str) -> None:
    _python("-m", "bot.store.migrations", given=database)
    engine = create_engine(database)
    assert set(metadata.tables) <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_processes_that_start_together_queue_up(database: str) -> None:
    command = [sys.executable, "-m", "bot.store.migrations"]
    together = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in together:
        assert process.stdin is not None
        process.stdin.write(database)
        process.stdin.close()
    assert [process.wait() for process in together] == [0, 0, 0]
    engine = create_engine(database)
    assert set(metadata.tables) <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_alembic_is_loaded_only_where_there_is_something_to_upgrade(database: str) -> None:
    loaded = [_python("-c", _AGAIN, given=database) for _ in range(2)]
    assert loaded == ["True", "False"]
