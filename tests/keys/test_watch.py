"""The daily look at keys: tested, reminded of, forgotten when nothing needs them; and what doctor says of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.doctor.keys import check_keys
from bot.keys.keeper import Keeper
from bot.keys.records import DAY_MS
from bot.keys.ring import StoredKeys
from bot.models.catalogue import Catalogue
from bot.sealing.local import FILE
from bot.store import keys
from bot.store.database import now_ms
from bot.store.keys import KeyOwner
from bot.store.tables import key as table
from bot.upkeep.keys import KeyWatch
from simhub.scripted_model import Script, ScriptedModel
from tests.support.models import new_store, scripted_settings

SERVER, MARIA = KeyOwner(scope="instance"), KeyOwner(scope="person", id=11, name="maria")
ONE, TWO, THREE = (f"sk-number-{number}-0123456789" for number in ("one", "two", "three"))


async def test_keys_are_looked_after_daily(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with ScriptedModel(Script()) as server:
        server.keys = dict.fromkeys((ONE, TWO, THREE), "")
        settings = scripted_settings(server, data_dir=tmp_path, anthropic_api_key=None)
        store = new_store(tmp_path, "forgehand.db")
        catalogue = Catalogue(settings)
        keeper = Keeper.of(settings, store, catalogue)
        watch = KeyWatch(store, keeper, StoredKeys(store, keeper, catalogue))
        ours = (await keeper.add(SERVER, "anthropic", ONE)).key
        hers = (await keeper.add(MARIA, "anthropic", TWO)).key
        successor = (await keeper.rotate(hers.id, THREE)).key
        asked = "anthropic of this server (works); anthropic of @maria (works); anthropic of @maria (works). Sealed by"
        assert asked in (await check_keys(settings)).text
        await watch.sweep()
        assert catalogue.keyed == {"anthropic"}
        assert store.run_sync(keys.find, hers.id).state == "retired", "no task needs it"  # type: ignore[union-attr]

        def grow(days: int) -> None:
            old = now_ms() - days * DAY_MS
            store.run_sync(lambda connection: connection.execute(sa.update(table).values(tested=old, created=old)))

        grow(80)
        server.keys[THREE] = "bad_key"
        await watch.sweep()
        found = {key.id: key for key in store.run_sync(keys.list_all)}
        assert (found[ours.id].state, found[successor.id].state) == ("works", "refused")
        assert all((found[one.id].tested or 0) > now_ms() - DAY_MS for one in (ours, successor))
        assert f"{ours.id} of this server is 80 days old, its replacement due soon" in capsys.readouterr().out
        told = await check_keys(settings)
        assert (told.level, f"{successor.id} of @maria: the provider refuses it" in told.text) == ("warn", True)
        await keeper.retire(successor.id)
        grow(90)
        told = await check_keys(settings)
        assert (told.level, "is 90 days old, its replacement overdue" in told.text) == ("warn", True)
        (tmp_path / FILE).unlink()
        told = await check_keys(settings)
        assert (told.level, "cannot be opened: The master key is missing: put" in told.text) == ("fail", True)
        store.close()
