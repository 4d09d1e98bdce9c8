"""Tokens of Anthropic's for the identity that a machine has, over real HTTP against an exchange as strict as theirs."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.federation import Federation
from bot.models.port import ModelBusy, ModelDown, ModelError, ModelRefused
from bot.settings import ModelSettings, Settings
from simhub.scripted_model import ScriptedModel
from simhub.token_exchange import AUDIENCE, TokenExchange
from tests.support.federation import ORGANIZATION, RULE
from tests.support.keys import issuer_key_pair
from tests.support.models import MODEL_OF, talk
from tests.support.patience import PATIENCE

WORKSPACE = "wrkspc_01test"
ACCOUNT = "svac_01test"


def show_identity(folder: Path, **claims: Any) -> Path:
    """Write a new token of the identity provider where the bot looks for it."""
    now = int(time.time())
    stated = {
        "aud": AUDIENCE,
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + 300,
        "sub": "repo:octo/sample",
        **claims,
    }
    file = folder / "identity"
    file.write_text(jwt.encode(stated, issuer_key_pair()[0], "RS256"))
    return file


def federated(server: ScriptedModel, folder: Path, **given: Any) -> Catalogue:
    """Return models that are asked by federation."""
    server.exchange = TokenExchange(RULE, ORGANIZATION, lambda: issuer_key_pair()[1])
    empty = {"anthropic_api_key": None, "openai_api_key": None, "openai_base_url": None}
    named = {
        "anthropic_base_url": server.anthropic_url,
        "anthropic_federation_rule_id": RULE,
        "anthropic_organization_id": ORGANIZATION,
        "anthropic_service_account_id": ACCOUNT,
        "anthropic_workspace_id": WORKSPACE,
        "anthropic_identity_token_file": show_identity(folder),
    }
    return Catalogue(Settings(**(empty | named | given)))


async def ask(catalogue: Catalogue) -> str:
    spec = catalogue.spec(MODEL_OF["messages"])
    return (await SdkModel(spec, catalogue.key(spec), idle=PATIENCE).ask(talk("Mend it."), max_output=100)).text


async def test_one_exchange_serves_all_calls(server: ScriptedModel, tmp_path: Path) -> None:
    catalogue = federated(server, tmp_path)
    server.script.on({"text": "Yes."}, reusable=True)
    assert [await ask(catalogue), await ask(catalogue)] == ["Yes.", "Yes."]
    assert server.exchange is not None
    assert server.exchange.asked == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "federation_rule_id": RULE,
            "organization_id": ORGANIZATION,
            "service_account_id": ACCOUNT,
            "workspace_id": WORKSPACE,
        }
    ]
    shown = {each.headers["authorization"] for each in server.requests}
    assert shown == {f"Bearer {server.exchange.issued[0]}"}
    assert not any("x-api-key" in each.headers for each in server.requests)


async def test_a_token_that_expires_is_replaced_for_a_new_identity(server: ScriptedModel, tmp_path: Path) -> None:
    catalogue = federated(server, tmp_path)
    assert server.exchange is not None
    server.exchange.life = 1  # the SDK takes one for expired half a minute before it is
    server.script.on({"text": "Yes."}, reusable=True)
    await ask(catalogue)
    with pytest.raises(ModelRefused, match="gives no token"):
        await ask(catalogue)  # the identity was good for one exchange
    show_identity(tmp_path)
    assert await ask(catalogue) == "Yes."
    assert len(server.exchange.issued) == 2


async def test_a_token_that_is_refused_is_not_shown_again(server: ScriptedModel, tmp_path: Path) -> None:
    catalogue = federated(server, tmp_path)
    assert server.exchange is not None
    server.script.on({"text": "Yes."}, reusable=True)
    await ask(catalogue)
    (first,) = server.exchange.issued
    server.exchange.issued.clear()  # revoked
    with pytest.raises(ModelRefused) as caught:
        await ask(catalogue)
    assert caught.value.details["reason"] == "key"
    show_identity(tmp_path)
    assert await ask(catalogue) == "Yes."
    assert first not in server.exchange.issued
    federation = catalogue.key(catalogue.spec(MODEL_OF["messages"]))
    assert isinstance(federation, Federation)
    federation.forget(first)  # a call that began with it, too, is refused only now
    assert await ask(catalogue) == "Yes."
    assert len(server.exchange.issued) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, ModelDown),
        (400, ModelRefused),
        (403, ModelRefused),
        (429, ModelBusy),
        (500, ModelDown),
        (503, ModelDown),
    ],
)
async def test_what_the_exchange_answers_is_the_right_error(
    server: ScriptedModel, tmp_path: Path, status: int, kind: type[ModelError]
) -> None:
    catalogue = federated(server, tmp_path)
    assert server.exchange is not None
    server.exchange.status = status
    with pytest.raises(ModelError) as caught:
        await ask(catalogue)
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("given", "claims"),
    [
        ({"anthropic_federation_rule_id": "fdrl_other"}, {}),
        ({"anthropic_organization_id": "other"}, {}),
        ({}, {"aud": "https://github.com/octo"}),
        ({}, {"exp": int(time.time()) - 1}),
    ],
)
async def test_an_identity_that_does_not_fit_is_refused_in_words(
    server: ScriptedModel, tmp_path: Path, given: dict[str, Any], claims: dict[str, Any]
) -> None:
    catalogue = federated(server, tmp_path, **given)
    identity = show_identity(tmp_path, **claims).read_text()
    with pytest.raises(ModelRefused, match=r"HTTP 401\)\. Compare the federation rule") as caught:
        await ask(catalogue)
    assert identity not in caught.value.message
    assert caught.value.details["reason"] == "key"


async def test_an_exchange_that_is_not_there_is_an_outage(server: ScriptedModel, tmp_path: Path) -> None:
    with pytest.raises(ModelDown):
        await ask(federated(server, tmp_path, anthropic_base_url="http://127.0.0.1:9"))


async def test_an_identity_is_sent_nowhere_in_the_clear(server: ScriptedModel, tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="No identity can be shown") as caught:
        await ask(federated(server, tmp_path, anthropic_base_url="http://models.example"))
    assert caught.value.details["reason"] == "key"


async def test_an_identity_that_cannot_be_read_is_said_without_its_place(server: ScriptedModel, tmp_path: Path) -> None:
    catalogue = federated(server, tmp_path, anthropic_identity_token_file=tmp_path / "none")
    with pytest.raises(ModelRefused, match="No identity can be shown") as caught:
        await ask(catalogue)
    assert str(tmp_path) not in caught.value.message


def test_a_key_goes_before_and_tokens_go_to_one_address_only(server: ScriptedModel, tmp_path: Path) -> None:
    claude = MODEL_OF["messages"]
    keyed = federated(server, tmp_path, anthropic_api_key="sk-ant-test")
    assert keyed.key(keyed.spec(claude)) == "sk-ant-test"
    elsewhere = ModelSettings(base_url="http://y", key_env="ANTHROPIC_API_KEY")
    known = federated(server, tmp_path, models={"claude-elsewhere": elsewhere.model_copy(update={"token_limit": 9})})
    assert isinstance(known.key(known.spec(claude)), Federation)
    assert known.key(known.spec("claude-elsewhere")) is None
    assert known.roles()["fix"][0].startswith("claude-")


def test_half_a_set_up_is_none(server: ScriptedModel, tmp_path: Path) -> None:
    known = federated(server, tmp_path, anthropic_organization_id=None, anthropic_base_url=None)
    assert known.key(known.spec(MODEL_OF["messages"])) is None
    assert known.roles()["fix"] == []
