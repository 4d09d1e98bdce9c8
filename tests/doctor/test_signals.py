"""What `doctor` says of sources of signals and of the master key."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot.doctor.signals import check_signals
from bot.sealing.local import FILE, LocalMaster
from bot.sealing.sealer import Sealer
from bot.settings import Settings
from bot.store import sources
from bot.store.database import create_engine, now_ms
from bot.store.sources import Source
from bot.store.store import Store
from bot.types import Repository
from tests.support.databases import new_sqlite

SHOP = Repository(id=7, owner="octo", name="shop", installation=3)


async def keep(settings: Settings, source_id: str, *, seen: int | None, sealed: bool = True) -> None:
    source = Source(
        id=source_id,
        kind="sentry",
        name="errors",
        repository=SHOP,
        key_hash="",
        secrets=(),
        created=now_ms(),
        seen=seen,
    )
    if sealed:
        master = LocalMaster.of(settings)
        master.make()
        source = source.model_copy(update={"secrets": (await Sealer(master).seal("planted-secret", source.place),)})
    store = Store(create_engine(settings.database))
    await store.run(sources.add, source)
    store.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    new_sqlite(tmp_path / "forgehand.db")
    return Settings(data_dir=tmp_path)


async def test_sources_and_when_they_were_heard(settings: Settings) -> None:
    assert "No source sends signals" in (await check_signals(settings)).text
    await keep(settings, "one", seen=None)
    await keep(settings, "two", seen=now_ms())
    line = await check_signals(settings)
    assert (line.level, "sentry for octo/shop, never heard; sentry for octo/shop, last heard 20" in line.text) == (
        "ok",
        True,
    )


async def test_what_is_silent_incomplete_or_open_to_others(settings: Settings) -> None:
    await keep(settings, "one", seen=1)
    await keep(settings, "two", seen=None, sealed=False)
    (settings.data_dir / FILE).chmod(0o644)
    line = await check_signals(settings)
    assert line.level == "warn"
    assert "nothing came from one (sentry) for 30 days" in line.text
    assert "two (sentry) has no secret yet: `forgehand signals rotate two` sets it" in line.text
    assert "`chmod 600` it" in line.text


async def test_a_lost_and_a_wrong_master_key(settings: Settings) -> None:
    await keep(settings, "one", seen=1)
    key = settings.data_dir / FILE
    kept = key.read_text()
    key.unlink()
    line = await check_signals(settings)
    assert (line.level, f"The master key is missing: put {key} back" in line.text) == ("fail", True)
    key.write_text(base64.b64encode(bytes(32)).decode())
    line = await check_signals(settings)
    assert (line.level, "put the other one back, or set the secret anew" in line.text) == ("fail", True)
    key.write_text("nonsense")
    assert "holds no master key" in (await check_signals(settings)).text
    given = Settings(data_dir=settings.data_dir, master_key=kept)
    assert (await check_signals(given)).level == "warn"
    assert "planted-secret" not in line.text


async def test_without_a_database_nothing_is_said(tmp_path: Path) -> None:
    line = await check_signals(Settings(data_dir=tmp_path, database_url="postgresql://x@127.0.0.1:1/none"))
    assert (line.level, "Not looked at" in line.text) == ("ok", True)
