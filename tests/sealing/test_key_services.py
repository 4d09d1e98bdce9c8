"""Master keys in AWS KMS, Google Cloud KMS and Azure Key Vault, against strict stand-ins; AWS against moto too."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import permutations
from pathlib import Path

import pytest
from aiohttp import web

from bot.doctor.keys import check_keys
from bot.doors.keys import reseal_all
from bot.google import CredentialsFile, GoogleTokens
from bot.keys.resealing import count_masters, reseal
from bot.sealing.aws import KmsMaster
from bot.sealing.cloud_kms import CloudKmsMaster
from bot.sealing.key_vault import Account, KeyVaultMaster
from bot.sealing.local import FILE, LocalMaster
from bot.sealing.masters import Masters, describe_master, find_master
from bot.sealing.port import MasterKey, SealError, Wrapped
from bot.sealing.sealer import Sealer
from bot.settings import Settings, load_settings
from bot.settings_sources import SettingsError
from bot.store import keys
from tests.sealing.test_transit import PLANTED, seal_key
from tests.support.key_services import (
    ACCESS,
    ARN,
    CLIENT,
    CLIENT_SECRET,
    GOOGLE,
    SECRET,
    TENANT,
    KeyServices,
    key_services,
)
from tests.support.models import new_store

KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)


def place_all(services: KeyServices, folder: Path) -> Mapping[str, MasterKey]:
    """Every master key there is but Vault's, one of each, newly made."""
    file = folder / "google.json"
    user = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "token_uri": f"{services.url}/token"}
    file.write_text(json.dumps({"type": "authorized_user", **user}))
    account = Account(TENANT, CLIENT, CLIENT_SECRET, login=services.url)
    return {
        "local": LocalMaster.of(Settings(data_dir=folder)),
        "aws": KmsMaster(ARN, services.url),
        "gcp": CloudKmsMaster(GOOGLE, GoogleTokens(CredentialsFile(file)), services.url),
        "azure": KeyVaultMaster(f"{services.url}/keys/forgehand", account),
    }


async def test_everything_moves_from_any_place_to_any_other(tmp_path: Path) -> None:
    store = new_store(tmp_path, "forgehand.db")
    local = Settings(data_dir=tmp_path)
    LocalMaster.of(local).make()
    await seal_key(store, local, 1)
    async with key_services() as services:
        places = place_all(services, tmp_path)
        for source, target in permutations(places, 2):
            await reseal(store, Masters([places[source], *places.values()]))
            done = await reseal(store, Masters([places[target], places[source]]))
            assert (done.moved, done.problems) == (1, ()), (source, target)
            assert dict(await count_masters(store)) == {await places[target].current(): 1}
            (key,) = store.run_sync(keys.list_all)
            assert await Sealer(Masters([places[target]])).open(key.sealed or "", key.place) == PLANTED
        services.calls.clear()
        warm = Sealer(Masters([places["local"], places["azure"], places["gcp"], places["aws"]]))
        opened = [await warm.open(key.sealed or "", key.place) for _ in range(3)]
        assert (opened, len(services.calls)) == ([PLANTED] * 3, 1), "what was opened is remembered"
        for name in ("gcp", "azure"):
            services.version = 1
            await reseal(store, Masters([places[name], *places.values()]))
            services.version = 2
            assert (await reseal(store, Masters([places[name]]))).moved == 1, "a new version"
            assert (await reseal(store, Masters([places[name]]))).moved == 0
    with pytest.raises(SealError, match="FORGEHAND_MASTER does not name its place"):
        await Sealer(find_master(local)).open(next(iter(store.run_sync(keys.list_all))).sealed or "", "place")
    store.close()


REFUSALS = {
    "aws": {
        '{"__type":"AccessDeniedException","message":"quoted"}': "permit kms:Encrypt and kms:Decrypt",
        '{"__type":"com.amazonaws.kms#ExpiredTokenException"}': "does not accept the credentials",
        '{"__type":"ThrottlingException"}': "answers with HTTP 400",
        "[]": "answers with HTTP 400",
        "<html>": "answers with HTTP 400",
    },
    "gcp": {'{"error":{"status":"FAILED_PRECONDITION"}}': "disabled or destroyed", '{"error":1}': "HTTP 400"},
    "azure": {
        '{"error":{"code":"Forbidden","innererror":{"code":"KeyDisabled"}}}': "is disabled; enable it",
        '{"error":"quoted"}': "rejects the request",
    },
}


async def test_what_is_refused_is_told_in_words(tmp_path: Path) -> None:
    async with key_services() as services:
        places = place_all(services, tmp_path)
        for name, expected in REFUSALS.items():
            wrapped = await places[name].wrap(KEY)
            assert await places[name].unwrap(wrapped) == KEY
            with pytest.raises(SealError, match="stored was changed"):
                await places[name].unwrap(Wrapped(wrapped.master, wrapped.key[:-1] + bytes([wrapped.key[-1] ^ 1])))
            for text, words in expected.items():
                services.fault = web.Response(status=400, text=text)
                with pytest.raises(SealError, match=words) as told:
                    await places[name].unwrap(wrapped)
                assert "quoted" not in told.value.message
                assert told.value.detail("away") is ("Throttling" in text)
            services.fault = web.Response(text="{}")
            with pytest.raises(SealError, match="its answer has no"):
                await places[name].unwrap(wrapped)
            services.fault = web.Response(status=503, text="busy")
            with pytest.raises(SealError, match="answers with HTTP 503") as away:
                await places[name].unwrap(wrapped)
            assert away.value.detail("away") is True
            services.fault = None
        for state, words in {"Disabled": "is disabled; enable", "PendingDeletion": "cancel that at once"}.items():
            services.aws_state = state
            with pytest.raises(SealError, match=words):
                await places["aws"].current()
    with pytest.raises(SealError, match="does not answer") as gone:
        await places["aws"].wrap(KEY)
    assert gone.value.detail("away") is True


async def test_credentials_that_lack_or_are_wrong_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with key_services() as services:
        machine = KeyVaultMaster(f"{services.url}/keys/forgehand", Account(machine=services.url))
        assert await machine.unwrap(await machine.wrap(KEY)) == KEY, "a managed identity"
        other = KeyVaultMaster(f"{services.url}/keys/forgehand", Account(client="other", machine=services.url))
        with pytest.raises(SealError, match="has no managed identity"):
            await other.wrap(KEY)
        wrong = KeyVaultMaster(f"{services.url}/keys/forgehand", Account(TENANT, CLIENT, "wrong", login=services.url))
        with pytest.raises(SealError, match="does not accept AZURE_CLIENT_SECRET"):
            await wrong.wrap(KEY)
        with pytest.raises(SealError, match="set GOOGLE_APPLICATION_CREDENTIALS"):
            await CloudKmsMaster(GOOGLE, None, services.url).wrap(KEY)
        with pytest.raises(SealError, match="its file cannot be read"):
            await CloudKmsMaster(GOOGLE, GoogleTokens(CredentialsFile(tmp_path / "none")), services.url).wrap(KEY)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
        with pytest.raises(SealError, match="does not accept the credentials"):
            await KmsMaster(ARN, services.url).wrap(KEY)
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(SealError, match="no credentials of AWS"):
            await KmsMaster(ARN, services.url).wrap(KEY)
        monkeypatch.setitem(sys.modules, "awscrt.auth", None)
        with pytest.raises(SealError, match=r"AWS's library is not here; install it: .*requirements-aws\.txt"):
            await KmsMaster(ARN, services.url).wrap(KEY)


async def test_settings_name_places_and_doctor_says_what_is_untested(tmp_path: Path) -> None:
    azure = "azure:https://shop.vault.azure.net/keys/forgehand"
    for place in (f"aws:{ARN}", f"gcp:{GOOGLE}", azure):
        assert "(untested against the real service)" in describe_master(Settings(data_dir=tmp_path, master=place))
    for wrong in (
        "aws:alias/x",
        "gcp:projects/p",
        "azure:https://evil.example/keys/x",
        f"local aws:{ARN}/../x",
        "s3:x",
    ):
        with pytest.raises(SettingsError, match="not a place of a master key"):
            load_settings(master=wrong)
    new_store(tmp_path, "forgehand.db").close()
    back = Settings(data_dir=tmp_path, master=f"local {azure}")
    assert back.masters == ["local", azure]
    assert find_master(back).place == str(tmp_path / FILE)
    assert "is sealed with the master key" in await reseal_all(back, new=True, drop_old=False), "it makes the local key"
    there = Settings(data_dir=tmp_path, master=f"gcp:{GOOGLE}", google_application_credentials=None)
    line = await check_keys(there)
    assert line.level == "fail"
    assert "set GOOGLE_APPLICATION_CREDENTIALS" in line.text


@pytest.mark.needs("moto")
async def test_moto_takes_what_is_sent_to_aws() -> None:
    server = import_module("moto.server").ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        made = import_module("boto3").client("kms", "eu-central-1", endpoint_url=f"http://{host}:{port}")
        arn = made.create_key()["KeyMetadata"]["Arn"]
        master = KmsMaster(arn, f"http://{host}:{port}")
        wrapped = await master.wrap(KEY)
        assert await master.unwrap(wrapped) == KEY
        assert master.knows(wrapped.master)
        context = {"EncryptionContext": {"application": "forgehand"}}
        assert made.decrypt(CiphertextBlob=wrapped.key, **context)["Plaintext"] == KEY
        other = made.encrypt(KeyId=arn, Plaintext=KEY, EncryptionContext={"application": "other"})["CiphertextBlob"]
        with pytest.raises(SealError, match="stored was changed"):
            await master.unwrap(Wrapped(wrapped.master, other))
    finally:
        server.stop()
