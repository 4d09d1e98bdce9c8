"""The drill: a server's data is written down while it works, restored elsewhere, and goes on there."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from bot.doors.api.tokens import make_token
from bot.engine.port import Ctx, Outcome
from bot.settings import Settings
from bot.store import deliveries, tokens
from bot.store.database import create_engine, now_ms
from bot.store.deliveries import Delivery
from bot.store.store import Store
from bot.store.tokens import NewToken
from bot.types import Actor
from bot.upkeep.backup import back_up, restore
from bot.upkeep.dumps import BackupError, refuse_format, refuse_restore, tell_of_dump
from tests.engine.harness import Nothing, done, ended, store_task
from tests.engine.test_dbos import engine_with
from tests.support.databases import find_postgres_programs, new_postgres, new_sqlite
from tests.support.keys import key_pair
from tests.support.patience import PATIENCE

WEBHOOK, PROVIDER, PASSWORD = "planted-webhook-secret", "sk-ant-planted0123456789abcdef", "planted-password"


def settings_for(folder: Path, url: str | None) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=url,
        app_id=7,
        private_key=key_pair()[0],
        webhook_secrets=[WEBHOOK],
        anthropic_api_key=PROVIDER,
        index_url=f"https://reader:{PASSWORD}@pypi.example/simple",
    )


def plant(settings: Settings) -> None:
    """A settings file as `forgehand setup` writes it, with more than that."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    values = {"app_id": 7, "webhook_secrets": [WEBHOOK], "private_key": "/somewhere/key.pem", "workers": 3}
    values |= {"index_url": settings.index_url, "anthropic_api_key": PROVIDER}
    (settings.data_dir / "server.yml").write_text(yaml.safe_dump(values))


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        return {name: opened.extractfile(name).read() for name in opened.getnames()}  # type: ignore[union-attr]


def pack(archive: Path, held: dict[str, bytes], folder: Path) -> None:
    with tarfile.open(archive, "w:gz") as made:
        for name, data in held.items():
            (folder / name).write_bytes(data)
            made.add(folder / name, arcname=name)


@pytest.fixture
def elsewhere(database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The URL of an empty database of the same kind; with PostgreSQL's programs on PATH."""
    if database.startswith("sqlite"):
        return None
    server = request.getfixturevalue("postgres_server")
    monkeypatch.setenv("PATH", f"{find_postgres_programs()}{os.pathsep}{os.environ['PATH']}")
    return new_postgres(server)


def url_of(database: str) -> str | None:
    return None if database.startswith("sqlite") else database


async def test_a_task_goes_on_where_the_backup_found_it(
    database: str, store: Store, elsewhere: str | None, tmp_path: Path
) -> None:
    reached, let_on, first = asyncio.Event(), asyncio.Event(), []

    async def note() -> int:
        first.append(1)
        return len(first)

    async def wait() -> int:
        reached.set()
        await let_on.wait()
        return 2

    async def flow(ctx: Ctx, _: Nothing) -> Outcome:
        return done(await ctx.step("note", note) + await ctx.step("wait", wait))

    here, there = settings_for(tmp_path, url_of(database)), settings_for(tmp_path / "there", elsewhere)
    plant(here)
    await store_task(store, "t1")
    async with engine_with(store, flow) as engine:
        await engine.start("t1", "flow", Nothing(), group=None)
        await asyncio.wait_for(reached.wait(), PATIENCE)
        await asyncio.to_thread(back_up, here, tmp_path / "backup.tar.gz")
        await engine.close(drain_seconds=0)
    said = await asyncio.to_thread(restore, there, tmp_path / "backup.tar.gz")
    assert "set them after a restore: anthropic_api_key, private_key, webhook_secrets" in said
    let_on.set()
    restored = Store(create_engine(there.database))
    async with engine_with(restored, flow):
        assert (await ended(restored, "t1")).result["summary"] == "3"
    restored.close()
    assert first == [1], "what was remembered is not done again"


def test_no_key_or_token_is_in_it(database: str, store: Store, elsewhere: str | None, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, url_of(database))
    plant(settings)
    token = make_token()
    account = Actor(login="mara", id=1)
    new = NewToken(
        hash=token.digest,
        prefix=token.prefix,
        name="ci",
        account=account,
        scopes=("read",),
        expires=now_ms() + 1_000_000,
    )
    store.run_sync(lambda connection: tokens.add(connection, new))
    archive = tmp_path / "backup.tar.gz"
    back_up(settings, archive)
    assert archive.stat().st_mode & 0o077 == 0
    held = members(archive)
    for secret in (WEBHOOK, PROVIDER, PASSWORD, token.text, *key_pair()[0].splitlines()[1:-1]):
        assert not any(secret.encode() in data for data in held.values()), secret
    assert yaml.safe_load(held["server.yml"]) == {
        "app_id": 7,
        "workers": 3,
        "index_url": "https://pypi.example/simple",
    }


def test_a_backup_under_writes_is_one_moment(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, None)
    store = Store(create_engine(new_sqlite(tmp_path / "forgehand.db")))
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            pair = [Delivery(f"{number}-{half}", "ping", b"x" * 2000) for half in "ab"]
            store.run_sync(lambda connection, pair=pair: deliveries.put(connection, pair, "me"))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    for number in range(5):
        back_up(settings, tmp_path / f"{number}.tar.gz")
    stop.set()
    writer.join(PATIENCE)
    store.close()
    there = settings_for(tmp_path / "there", None)
    restore(there, tmp_path / "4.tar.gz")
    with sqlite3.connect(there.data_dir / "forgehand.db") as restored:
        halves = restored.execute("select count(*), count(distinct substr(guid, -1)) from fh_delivery").fetchone()
    assert halves[0] > 0
    assert halves[0] % 2 == 0


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, None)
    new_sqlite(tmp_path / "forgehand.db")
    back_up(settings, tmp_path / "one")
    before = (tmp_path / "one").read_bytes()
    with pytest.raises(BackupError, match="choose another name"):
        back_up(settings, tmp_path / "one")
    with pytest.raises(BackupError, match="move it away"):
        restore(settings, tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == before


@pytest.mark.parametrize("damage", ["cut", "other", "database"])
def test_a_damaged_backup_leaves_nothing(tmp_path: Path, damage: str) -> None:
    new_sqlite(tmp_path / "forgehand.db")
    archive = tmp_path / "backup.tar.gz"
    back_up(settings_for(tmp_path, None), archive)
    if damage == "cut":
        archive.write_bytes(archive.read_bytes()[:-5000])
    elif damage == "other":
        archive.write_bytes(b"no archive")
    else:
        held = members(archive)
        held["database"] = held["database"][:4096] + b"\0" * (len(held["database"]) - 4096)
        pack(archive, held, tmp_path)
    there = settings_for(tmp_path / "there", None)
    with pytest.raises(BackupError):
        restore(there, archive)
    assert not (there.data_dir / "forgehand.db").exists()
    assert not (there.data_dir / "server.yml").exists()
    assert not list(there.data_dir.glob(".restore-*"))


def test_without_postgresql_s_programs_it_says_what_to_install(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match="apt-get install postgresql-client"):
        back_up(settings_for(tmp_path, postgres), tmp_path / "one")
    assert not (tmp_path / "one").exists()
    assert sa.make_url(postgres).database


@pytest.mark.parametrize("command", [back_up, restore])
def test_a_server_that_does_not_answer_is_told(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[Settings, Path], str]
) -> None:
    monkeypatch.setenv("PATH", f"{find_postgres_programs()}{os.pathsep}{os.environ['PATH']}")
    back_up(settings_for(tmp_path, postgres), tmp_path / "one")
    gone = sa.make_url(postgres).set(database="gone", password=PASSWORD).render_as_string(hide_password=False)
    file = tmp_path / ("two" if command is back_up else "one")
    with pytest.raises(BackupError, match="PostgreSQL does not answer; check FORGEHAND_DATABASE_URL: ") as told:
        command(settings_for(tmp_path / "gone", gone), file)
    assert PASSWORD not in str(told.value)


def test_a_pg_dump_older_than_the_server_is_named_with_what_is_needed(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BackupError, match=r"is of PostgreSQL 9, the server of (\d+): .* client programs of \1\.$"):
        back_up(settings_for(tmp_path, postgres), tmp_path / "one")
    assert not (tmp_path / "one").exists()


@pytest.mark.parametrize(
    ("client", "server", "fits"),
    [(17, 16, False), (18, 16, False), (18, 15, False), (16, 16, True), (15, 16, True), (15, 18, True), (17, 18, True)],
)
def test_a_server_that_pg_restore_cannot_fill_is_told_before(client: int, server: int, fits: bool) -> None:
    """Each pair was run: what does not fit fails with 'unrecognized configuration parameter'."""
    assert (refuse_restore(client, server) == "") is fits
    assert (tell_of_dump(client, server) == "") is fits


def test_a_pg_restore_that_is_too_old_for_the_backup_says_which_is_needed(
    postgres: str, postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{find_postgres_programs()}{os.pathsep}{os.environ['PATH']}")
    archive = tmp_path / "backup.tar.gz"
    back_up(settings_for(tmp_path, postgres), archive)
    held = members(archive)
    held["database"] = b"PGDMP\x01\x63" + held["database"][7:]  # a format of the future: 1.99
    pack(archive, held, tmp_path)
    there = settings_for(tmp_path / "there", new_postgres(postgres_server))
    with pytest.raises(BackupError, match=r"^pg_restore is of PostgreSQL \d+, too old .* pg_dump that made it\.$"):
        restore(there, archive)
    assert not (there.data_dir / "server.yml").exists()


@pytest.mark.parametrize(
    ("found", "server", "said"),
    [
        ("1.15", 15, "run this with client programs of 16 or newer."),
        ("1.16", 17, "run this with client programs of 17 or newer."),
        ("1.16", 16, "run this with client programs of 17 or newer, and restore into a server of 17 or newer."),
    ],
)
def test_it_is_told_what_reads_a_format(found: str, server: int, said: str) -> None:
    """PostgreSQL 15 says 'unsupported version (1.15) in file header' of what pg_dump 16 writes, 1.16 of 17 and 18."""
    expected = f"pg_restore is of PostgreSQL 15, too old to read this backup: {said}"
    assert refuse_format(found, 15, server) == expected
