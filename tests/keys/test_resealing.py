"""A change of the master key: everything moves, at any line it may die, and nothing is dropped that something names."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.doors.keys import reseal_all
from bot.keys.resealing import count_masters, find_unknown, reseal
from bot.sealing.local import FILE, LocalMaster
from bot.sealing.port import MasterKey, SealError
from bot.sealing.sealer import Sealer
from bot.settings import Settings, load_settings
from bot.store import keys, sources
from bot.store.database import create_engine
from bot.store.keys import StoredKey
from bot.store.sources import Source
from bot.store.store import Store
from bot.types import Repository
from tests.support.databases import new_sqlite

MANY = 450  # rows: four batches and a half
SECRET = "sk-planted-0123456789-{}"
# the database itself kills the process, in the transaction of the third batch
DYING = """
import asyncio, os, signal
import sqlalchemy as sa
from bot.doors.keys import reseal_all
from bot.settings import load_settings
def arm(connection, _record):
    connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
sa.event.listen(sa.Engine, "connect", arm)
asyncio.run(reseal_all(load_settings(), new=True, drop_old=False))
"""
TRIGGER = "create trigger deadly after update of done on fh_resealing when new.done > {} begin select die(); end"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("FORGEHAND_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FORGEHAND_MASTER_KEY", raising=False)
    (tmp_path / "data").mkdir()
    new_sqlite(tmp_path / "data" / "forgehand.db")
    return load_settings()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = Store(create_engine(settings.database))
    yield opened
    opened.close()


async def fill(store: Store, master: MasterKey, count: int) -> None:
    """Seal so many keys, and a source of signals with two secrets."""
    await master.prepare()
    sealer = Sealer(master)
    made = []
    for number in range(count):
        key = StoredKey(
            id=f"key-{number:012x}", scope="person", owner=number, owner_name=f"p{number}", provider="anthropic",
            name="", masked="", sealed=None, use="current", fallback=False, created=number,
        )  # fmt: skip
        made.append(key.model_copy(update={"sealed": await sealer.seal(SECRET.format(number), key.place)}))
    store.run_sync(lambda connection: [keys.add(connection, key) for key in made])
    shop = Repository(id=1, owner="octo", name="shop", installation=2)
    source = Source(id="s1", kind="own", name="", repository=shop, key_hash="", secrets=(), created=1)
    both = tuple([await sealer.seal(f"signal-{number}", source.place) for number in range(2)])
    store.run_sync(sources.add, source.model_copy(update={"secrets": both}))


async def read_all(store: Store, master: MasterKey) -> list[str]:
    """Open everything, with what a server that starts now would have."""
    sealer = Sealer(master)
    held = [(key.sealed or "", key.place) for key in store.run_sync(keys.list_all)]
    held += [(text, one.place) for one in store.run_sync(sources.list_live) for text in one.secrets]
    return [await sealer.open(text, place) for text, place in held]


async def test_a_change_that_is_killed_in_the_middle_loses_nothing(settings: Settings, store: Store) -> None:
    await fill(store, LocalMaster.of(settings), MANY)
    before = await read_all(store, LocalMaster.of(settings))
    old = LocalMaster.of(settings).name
    file = settings.data_dir / "forgehand.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(TRIGGER.format(250))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, env=dict(os.environ))
    assert await process.wait() == -signal.SIGKILL
    new = LocalMaster.of(settings).name
    assert new != old
    assert dict(await count_masters(store)) == {new: 200, old: MANY - 200 + 2}
    assert await read_all(store, LocalMaster.of(settings)) == before, "both keys open"
    with pytest.raises(SealError, match=rf"Still named by what is sealed: {old} \({MANY - 200 + 2}\)"):
        await reseal_all(settings, new=False, drop_old=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("drop trigger deadly")
    said = await reseal_all(settings, new=False, drop_old=False)
    assert f"sealed with the master key {new} now; {MANY - 200 + 1} moved" in said
    assert await reseal_all(settings, new=False, drop_old=True) == (
        f"Dropped {old}; {new} stays. Backups from before need what was dropped."
    )
    assert len((settings.data_dir / FILE).read_text().split()) == 1
    assert await read_all(store, LocalMaster.of(settings)) == before
    assert await find_unknown(store, LocalMaster.of(settings)) == []


async def test_a_running_server_follows_a_change(settings: Settings, store: Store) -> None:
    running = LocalMaster.of(settings)
    await fill(store, running, 3)
    before = await read_all(store, running)
    await reseal_all(settings, new=True, drop_old=False)
    assert await read_all(store, running) == before, "it looks again where it meets a name that it does not know"
    fresh = await Sealer(running).seal("sealed by the server", "place")
    assert LocalMaster.of(settings).name in fresh, "it seals with the new one"


async def test_a_wrong_or_lost_master_key_is_told_in_words(settings: Settings, store: Store) -> None:
    await fill(store, LocalMaster.of(settings), 3)
    right = settings.data_dir / FILE
    name, text = LocalMaster.of(settings).name, right.read_text()
    right.write_text(base64.b64encode(bytes(32)).decode())
    (told,) = await find_unknown(store, LocalMaster.of(settings))
    assert f"sealed with the master key {name}" in told
    assert "put the other one back" in told
    done = await reseal(store, LocalMaster.of(settings))
    assert (done.moved, len(done.problems)) == (0, 4)
    right.unlink()
    (lost,) = await find_unknown(store, LocalMaster.of(settings))
    assert "is missing: put" in lost
    given = settings.model_copy(update={"master_key": None})
    assert text not in str(await find_unknown(store, LocalMaster.of(given)))


async def test_keys_of_the_environment_are_changed_there(settings: Settings, store: Store) -> None:
    one, two = (base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2))
    await fill(store, LocalMaster(one, settings.data_dir / FILE), 3)
    both = Settings(data_dir=settings.data_dir, master_key=f"{two} {one}")  # type: ignore[arg-type]
    with pytest.raises(SealError, match="put a new key before the old one"):
        await reseal_all(both, new=True, drop_old=False)
    assert "4 moved" in await reseal_all(both, new=False, drop_old=False)
    with pytest.raises(SealError, match="take them out of FORGEHAND_MASTER_KEY"):
        await reseal_all(both, new=False, drop_old=True)
    assert {one, two} <= set(both.secrets), "both are kept out of logs"
