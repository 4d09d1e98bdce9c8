"""A support bundle: useful, and without a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.doctor.support import SupportError, write_bundle
from bot.settings import Settings
from bot.store import tasks
from bot.store.database import create_engine
from bot.store.store import Store
from tests.engine.harness import store_task
from tests.support.databases import new_sqlite
from tests.support.keys import key_pair
from tests.upkeep.test_backup import PASSWORD, PROVIDER, WEBHOOK, settings_for

TITLE = "a customer's words in an issue"


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    settings = settings_for(tmp_path, None).model_copy(update={"api_url": "http://127.0.0.1:9", "sandbox": "none"})
    store = Store(create_engine(new_sqlite(tmp_path / "forgehand.db")))
    await store_task(store, "t1", argument={"title": TITLE})
    result = {"summary": f"{TITLE} {PROVIDER}", "data": {"error": "DeadLetter"}}
    await store.run(tasks.close, "t1", "dead", result)
    store.close()
    return settings


async def test_no_secret_and_nobody_s_words_are_in_it(settings: Settings, tmp_path: Path) -> None:
    target = tmp_path / "support.json"
    said = await write_bundle(settings, target)
    text = target.read_text()
    assert "Read it before you send it" in said
    for secret in (WEBHOOK, PROVIDER, PASSWORD, TITLE, *key_pair()[0].splitlines()[1:-1]):
        assert secret not in text
    assert target.stat().st_mode & 0o077 == 0


async def test_it_tells_what_was_found_and_counted(settings: Settings, tmp_path: Path) -> None:
    await write_bundle(settings, tmp_path / "support.json")
    told = json.loads((tmp_path / "support.json").read_text())
    assert told["secrets_set"] == ["anthropic_api_key", "private_key", "webhook_secrets"]
    assert told["settings"]["index_url"] == "https://pypi.example/simple"
    assert told["database"]["tasks"] == {"flow dead": 1}
    assert told["database"]["last_errors"] == ["DeadLetter"]
    assert {line["subject"] for line in told["doctor"]} >= {"Database", "Sandbox", "Toolchains"}
    with pytest.raises(SupportError):
        await write_bundle(settings, tmp_path / "support.json")
