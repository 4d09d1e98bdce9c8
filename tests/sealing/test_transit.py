"""A master key in a real OpenBao: wraps, binds, rotates, and says what to do when it refuses or is away."""

from __future__ import annotations

import asyncio
import base64
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.doors.keys import reseal_all
from bot.keys.resealing import count_masters, find_unknown, reseal
from bot.sealing.aws import KmsMaster
from bot.sealing.local import FILE, LocalMaster
from bot.sealing.masters import Masters, find_master
from bot.sealing.port import SealError
from bot.sealing.sealer import Sealer
from bot.settings import Settings, load_settings
from bot.store import keys
from bot.store.keys import StoredKey
from bot.store.store import Store
from tests.keys.test_resealing import TRIGGER, fill, read_all
from tests.support.key_services import ACCESS, ARN, SECRET, key_services
from tests.support.models import new_store
from tests.support.openbao import Bao, bao

POLICY = """path "transit/encrypt/forgehand" { capabilities = ["update"] }
path "transit/decrypt/forgehand" { capabilities = ["update"] }"""
PLANTED = "sk-planted-0123456789"


async def set_up(server: Bao) -> dict[str, Any]:
    """Make the key, and an AppRole that may use it and nothing else; the settings that name it."""
    await server.ask("POST", "transit/keys/forgehand", {})
    await server.ask("PUT", "sys/policies/acl/forgehand", {"policy": POLICY})
    await server.ask("POST", "sys/auth/approle", {"type": "approle"})
    await server.ask("POST", "auth/approle/role/forgehand", {"token_policies": ["forgehand"], "token_ttl": "20m"})
    role = (await server.ask("GET", "auth/approle/role/forgehand/role-id"))["data"]["role_id"]
    secret = (await server.ask("POST", "auth/approle/role/forgehand/secret-id"))["data"]["secret_id"]
    return {"master": f"vault:{server.url}/transit/forgehand", "vault_role_id": role, "vault_secret_id": secret}


async def seal_key(store: Store, settings: Settings, number: int) -> None:
    key = StoredKey(
        id=f"key-{number:012x}", scope="person", owner=number, owner_name="p", provider="anthropic",
        name="", masked="", sealed=None, use="current", fallback=False, created=number,
    )  # fmt: skip
    sealed = await Sealer(find_master(settings)).seal(PLANTED, key.place)
    store.run_sync(keys.add, key.model_copy(update={"sealed": sealed}))


@pytest.mark.needs("openbao")
async def test_a_transit_key_seals_and_everything_moves_to_it(tmp_path: Path) -> None:
    local = Settings(data_dir=tmp_path)
    LocalMaster.of(local).make()
    store = new_store(tmp_path, "forgehand.db")
    await seal_key(store, local, 1)
    async with bao(tmp_path / "bao") as server:
        settings = Settings(data_dir=tmp_path, **await set_up(server))
        assert await find_unknown(store, find_master(settings)) == [], "the local one still opens"
        await seal_key(store, settings, 2)
        assert "sealed with the master key vault:forgehand:v1 now; 1 moved" in await reseal_all(
            settings, new=False, drop_old=False
        )
        (tmp_path / FILE).unlink()
        await server.ask("POST", "transit/keys/forgehand/rotate")
        assert "vault:forgehand:v2 now; 2 moved" in await reseal_all(settings, new=False, drop_old=False)
        await server.ask("POST", "transit/keys/forgehand/config", {"min_decryption_version": 2})
        assert dict(await count_masters(store)) == {"vault:forgehand:v2": 2}
        for key in store.run_sync(keys.list_all):
            assert PLANTED not in str(key)
            assert await Sealer(find_master(settings)).open(key.sealed or "", key.place) == PLANTED
            with pytest.raises(SealError, match="moved from where it was stored"):
                await Sealer(find_master(settings)).open(key.sealed or "", "elsewhere")
        await _is_told(server, settings, key.sealed or "", key.place)
        warm = Sealer(find_master(settings))
        await warm.open(key.sealed or "", key.place)
        await server.ask("PUT", "sys/seal")
        assert await warm.open(key.sealed or "", key.place) == PLANTED, "what was opened is good for five minutes"
        (told,) = await find_unknown(store, find_master(settings))
        assert "cannot be used: it answers with HTTP 503" in told
    with pytest.raises(SealError, match="does not answer") as away:
        await Sealer(find_master(settings)).open(key.sealed or "", key.place)
    assert away.value.detail("away") is True
    store.close()


# the database itself kills the process, in the transaction of the second batch
DYING = """
import asyncio, os, signal, sys
import sqlalchemy as sa
from bot.keys.resealing import reseal
from bot.sealing.aws import KmsMaster
from bot.sealing.masters import Masters, find_master
from bot.settings import load_settings
from bot.store.database import create_engine
from bot.store.store import Store
def arm(connection, _record):
    connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
sa.event.listen(sa.Engine, "connect", arm)
settings, (arn, server, first) = load_settings(), sys.argv[1:]
places = [find_master(settings), KmsMaster(arn, server)]
asyncio.run(reseal(Store(create_engine(settings.database)), Masters(places[::-1] if first == "aws" else places)))
"""


@pytest.mark.needs("openbao")
async def test_everything_moves_from_transit_to_other_places_and_back_through_kills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    local, file = LocalMaster.of(Settings(data_dir=tmp_path)), tmp_path / "forgehand.db"
    local.make()
    store = new_store(tmp_path, file.name)
    async with bao(tmp_path / "bao") as server, key_services() as services:
        given = {"data_dir": tmp_path, **await set_up(server)}
        for name, setting in given.items():
            monkeypatch.setenv(f"FORGEHAND_{name.upper()}", str(setting))
        vault, kms = find_master(load_settings()), KmsMaster(ARN, services.url)
        await fill(store, local, 120)
        before = await read_all(store, local)
        assert (await reseal(store, Masters([vault, local]))).moved == 121
        for first, target, source in (("aws", kms, vault), ("vault", vault, kms)):
            with closing(sqlite3.connect(file)) as connection:
                connection.execute(TRIGGER.format(100))
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, ARN, services.url, first)
            assert await process.wait() == -signal.SIGKILL
            old, new = await source.current(), await target.current()
            assert dict(await count_masters(store)) == {new: 100, old: 22}
            assert await find_unknown(store, Masters([target, source])) == [], "both open"
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("drop trigger deadly")
            assert (await reseal(store, Masters([target, source]))).moved == 21
            assert dict(await count_masters(store)) == {new: 122}
        assert (await reseal(store, Masters([local, vault]))).moved == 121
        assert await read_all(store, local) == before
    store.close()


async def _is_told(server: Bao, settings: Settings, sealed: str, place: str) -> None:
    """What is refused is told in words, without what the server says."""
    wrong = settings.model_copy(update={"master": f"vault:{server.url}/transit/forgehnad"})
    with pytest.raises(SealError, match="policy permit `update`"):
        await Sealer(find_master(wrong)).seal(PLANTED, place)
    listed = await server.ask("LIST", "transit/keys")
    assert listed["data"]["keys"] == ["forgehand"], "a mistyped name makes no second key"
    nowhere = settings.model_copy(update={"master": f"vault:{server.url}/nothing/forgehand", "vault_role_id": None})
    root = nowhere.model_copy(update={"vault_token": Settings(vault_token=server.root).vault_token})  # type: ignore[arg-type]
    with pytest.raises(SealError, match="no transit engine at this path"):
        await Sealer(find_master(root)).seal(PLANTED, place)
    changed = sealed.replace(base64.b64encode(b"vault:v2:").decode()[:12], base64.b64encode(b"vault:v1:").decode()[:12])
    with pytest.raises(SealError, match="rejects the request"):
        await Sealer(find_master(settings)).open(changed, place)
