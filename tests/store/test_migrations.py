"""Upgrades at start, in a process of its own: from nothing, and from every earlier revision, with what it held."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

import bot.store
from bot.store import findings, migrations, tables, tasks
from bot.store.database import create_engine
from bot.store.store import Store
from bot.types import Repository

LAST_BUILD = Path(__file__).with_name("schema_0002.sql").read_text()
REVISIONS = sorted(path.name[:4] for path in Path(migrations.__file__).parent.glob("versions/[0-9]*.py"))
_AGAIN = """
import sys
from bot.store.database import create_engine
from bot.store.store import Store
Store(create_engine(sys.stdin.read())).migrate()
print("alembic" in sys.modules)
"""


def at_revision(engine: sa.Engine, revision: str) -> None:
    """The database as a program of that revision left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def keep_a_task_and_a_finding(connection: sa.Connection, named: str = "t1") -> None:
    argument = '{"repository": {"id": 41}}'
    values = f"'{named}', 'fix', 'label', 7, 'octo/sample', 7, 'maria', '{argument}', 'done', '{{}}', 1"
    columns = "id, flow, source, installation, repository, number, actor, argument, state, posted, created"
    connection.execute(sa.text(f"insert into fh_task ({columns}) values ({values})"))
    columns = "fingerprint, repository, number, task, rule, state, data, updated"
    values = f"'of {named}', 'octo/sample', 7, '{named}', 'ruff:S1', 'open', '{{}}', 1"
    connection.execute(sa.text(f"insert into fh_finding ({columns}) values ({values})"))


def differences(engine: sa.Engine) -> list[object]:
    """List the differences between the database's tables and the program's."""
    for module in pkgutil.iter_modules(bot.store.__path__):  # any may declare tables, once it is imported
        importlib.import_module(f"bot.store.{module.name}")
    metadata = tables.task.metadata
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
        return list(compare_metadata(context, metadata))


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (str(name).startswith("fh_") and name != migrations.VERSION_TABLE)


def test_every_revision_upgrades_and_keeps_what_it_holds(empty_database: str) -> None:
    """Each one's program writes, and all that it or one before it wrote is upgraded onward."""
    store = Store(create_engine(empty_database))
    for revision in REVISIONS:
        at_revision(store.engine, revision)
        store.run_sync(keep_a_task_and_a_finding, revision)
        assert store.is_current() is (revision == REVISIONS[-1])
    _is_whole(store, *REVISIONS)


def test_the_first_revision_upgrades_at_once(empty_database: str) -> None:
    """All steps in one transaction, as at a start, with rows in it that they change."""
    store = Store(create_engine(empty_database))
    at_revision(store.engine, REVISIONS[0])
    store.run_sync(keep_a_task_and_a_finding)
    store.migrate()
    _is_whole(store, "t1")


def test_money_in_dollars_becomes_whole_micro_dollars(empty_database: str) -> None:
    store = Store(create_engine(empty_database))
    at_revision(store.engine, "0016")
    store.run_sync(keep_a_task_and_a_finding)
    columns = "task, step, role, model, state, repository, day, reserved, cost, key, created"
    rows = (
        "'t1', 'a', 'fix', 'm', 'answered', 'octo/sample', '2026-01-02', 0.0, 0.1 + 0.2, 'k1', 5",
        "'t0', 'b', 'fix', 'm', 'reserved', 'tests', '2026-01-02', 1.000001, null, '', 6",
    )
    for row in rows:
        store.run_sync(lambda c, row=row: c.execute(sa.text(f"insert into fh_model_call ({columns}) values ({row})")))
    store.migrate()
    columns = "task, step, owner, person, key, reserved, cost, created, flow, repository_id"
    kept = sa.text(f"select {columns} from fh_model_call order by step")
    assert [tuple(row) for row in store.run_sync(lambda c: c.execute(kept).all())] == [
        ("t1", "a", "octo", "maria", "k1", 0, 300_000, 5, "fix", 41),
        ("t0", "b", "tests", "", "", 1_000_001, None, 6, "", 0),
    ]
    store.close()


def test_a_database_of_the_last_build_upgrades(tmp_path: Path) -> None:
    """Its first revision made all tables of its day at once, the columns of the second included."""
    store = Store(create_engine(f"sqlite:///{tmp_path / 'forgehand.db'}"))
    store.run_sync(_create_as_the_last_build_did)
    store.run_sync(keep_a_task_and_a_finding)
    store.migrate()
    _is_whole(store, "t1")


def _create_as_the_last_build_did(connection: sa.Connection) -> None:
    for statement in LAST_BUILD.split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def _is_whole(store: Store, *kept: str) -> None:
    assert store.is_current()
    assert differences(store.engine) == []
    moved = Repository(id=41, owner="octo", name="moved", installation=7)
    found = store.run_sync(lambda c: findings.list_for_pull(c, moved, 7))
    told = sorted((each.fingerprint, each.comment, each.reason, each.actor) for each in found)
    assert told == [(f"of {name}", None, "", None) for name in kept]
    for name in kept:
        task = store.run_sync(tasks.get, name)
        assert task is not None
        assert (task.flow, task.state) == ("fix", "done")
    store.close()


def test_processes_that_start_together_queue_up_and_later_ones_load_no_alembic(empty_database: str) -> None:
    commands = [["-m", "bot.store.migrations"], ["-c", _AGAIN], ["-c", _AGAIN]]
    together = [_start_python(*command) for command in commands]
    for process in together:
        assert process.stdin is not None
        process.stdin.write(empty_database)
        process.stdin.close()
    assert [process.wait() for process in together] == [0, 0, 0]
    later = _start_python("-c", _AGAIN)
    assert later.communicate(empty_database)[0] == "False\n"
    engine = create_engine(empty_database)
    assert differences(engine) == []
    engine.dispose()


def _start_python(*arguments: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
