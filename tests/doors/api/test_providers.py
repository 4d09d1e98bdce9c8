"""Providers, models and keys: what there is, whether it works, and never a key's value."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models.providers import PROVIDERS
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import rows
from tests.support.api import asker
from tests.support.federation import ORGANIZATION, RULE
from tests.support.story import Story
from tests.support.within import within

KEY = "sk-of-the-operator-and-nobody-else"
OWN = "OWN_MODEL_KEY"


@pytest.fixture
async def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """A bot with a key in the settings, one in the environment, and a model that nobody knows the price of."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv(OWN, KEY)
    async with within(tmp_path, SAMPLE, anthropic_api_key=KEY, roles={"cheap": ["checker", "dreamer"]}) as story:
        yield story


async def test_providers_tell_models_roles_prices_and_what_is_wrong(keyed: Story) -> None:
    answer = await asker(keyed, keyed.maintainer, "read").get("/api/v1/providers")
    assert [each["name"] for each in answer.data["items"]] == list(PROVIDERS)
    models = {each["name"]: each for provider in answer.data["items"] for each in provider["models"]}
    opus = models["claude-opus-5-5"]
    assert (opus["roles"], opus["key"], opus["ready"]) == (["fix", "review", "verify"], "ANTHROPIC_API_KEY", True)
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", opus["price"].pop("version"))
    assert opus["price"] == {"input": 4_000_000, "output": 20_000_000, "cached": 200_000, "cache_write": 5_000_000}
    assert (models["checker"]["roles"], models["checker"]["key"], models["checker"]["ready"]) == (["cheap"], None, True)
    assert ["dreamer" in problem for problem in answer.data["problems"]] == [True]
    assert KEY not in answer.text
    assert keyed.model.openai_url not in answer.text, "where an operator's servers are is nobody's business"


async def test_keys_tell_where_they_are_set_and_never_their_value(
    keyed: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = asker(keyed, keyed.maintainer, "admin")
    answer = await admin.get("/api/v1/setting-keys")
    keys = {each["name"]: (each["set"], each["source"]) for each in answer.data["items"]}
    assert keys == {"ANTHROPIC_API_KEY": (True, "server.yml"), "OPENAI_API_KEY": (False, None)}
    assert "claude-opus-5-5" in answer.data["items"][0]["models"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert (await admin.get("/api/v1/setting-keys")).data["items"][0]["source"] == "environment"
    assert KEY not in answer.text
    assert (await asker(keyed, keyed.maintainer, "read", "run").get("/api/v1/setting-keys")).status == 403


async def test_a_provider_is_asked_one_word(keyed: Story) -> None:
    admin = asker(keyed, keyed.maintainer, "admin")
    keyed.script.on({"text": "ready"}, text="Answer with the word", reusable=True)
    good = await admin.ask("POST", "/api/v1/providers/compatible/test")
    assert (good.data["model"], good.data["ok"], good.data["problem"]) == ("checker", True, ""), "a cheap one first"
    assert good.data["cost"]["model_calls"] == 1
    assert rows(keyed, "select state, repository from fh_model_call") == [("answered", "(tests of models)")]
    named = await admin.ask("POST", "/api/v1/providers/compatible/test?model=thinker")
    assert (named.data["model"], named.data["ok"]) == ("thinker", True)
    audited = rows(keyed, "select action, allowed, actor from fh_audit order by id")
    assert audited == [("test checker", 1, "mara"), ("test thinker", 1, "mara")]
    for missing in ("nobody/test", "openai/test?model=claude-opus-5-5"):
        assert (await admin.ask("POST", f"/api/v1/providers/{missing}")).status == 404
    assert (await asker(keyed, keyed.maintainer).ask("POST", "/api/v1/providers/compatible/test")).status == 403


async def test_what_is_wrong_with_a_key_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OWN, KEY)
    described = {"provider": "openai", "api": "chat", "key_env": OWN, "input_price": 1, "output_price": 1}
    async with within(tmp_path, SAMPLE) as plain:
        mine = {"mine": {**described, "base_url": plain.model.openai_url}}
        (tmp_path / "own").mkdir()
        async with within(tmp_path / "own", SAMPLE, models=mine) as story:
            plain.script.on({"fault": "bad_key", "message": f"Incorrect key: {KEY}"}, text="Answer with the word")
            answer = await asker(story, story.maintainer, "admin").ask("POST", f"/api/v1/setting-keys/{OWN}/test")
            assert (answer.data["model"], answer.data["ok"]) == ("mine", False)
            assert answer.data["problem"].startswith("ModelRefused: ")
            assert KEY not in answer.text
            unknown = await asker(story, story.maintainer, "admin").ask("POST", "/api/v1/setting-keys/NO_SUCH_KEY/test")
            assert unknown.status == 404


async def test_a_task_that_runs_does_not_wait_for_approval(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    task = (await program.start("fix", number)).data["id"]
    answer = await program.ask("POST", f"/api/v1/tasks/{task}/approval", {"answer": "approve"}, Idempotency_Key="1")
    assert (answer.status, answer.data["detail"]) == (
        409,
        "Only a task that waits for approval can be approved; this one is queued.",
    )
    assert (
        await program.ask("POST", f"/api/v1/tasks/{task}/approval", {"answer": "perhaps"}, Idempotency_Key="2")
    ).status == 400


async def test_federation_is_told_where_it_stands_in_for_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    given = {
        "anthropic_federation_rule_id": RULE,
        "anthropic_organization_id": ORGANIZATION,
        "anthropic_identity_token_file": tmp_path / "identity",
    }
    async with within(tmp_path, SAMPLE, **given) as story:
        keys = (await asker(story, story.maintainer, "admin").get("/api/v1/setting-keys")).data["items"]
    told = {each["name"]: (each["set"], each["source"]) for each in keys}
    assert told["ANTHROPIC_API_KEY"] == (False, "federation")
    assert told["OPENAI_API_KEY"][1] != "federation"
