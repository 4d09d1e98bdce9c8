"""Each provider against a strict stand-in: the path, the one credential, the body, and what is odd about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.doctor.models import check_models
from bot.models.catalogue import Catalogue, ModelSpec, UnknownModel
from bot.models.client import SdkModel
from bot.models.errors import make_error
from bot.models.port import ContextTooLong, ModelBusy, ModelDown, ModelError, ModelQuota, ModelRefused, Tool
from bot.models.providers import PROVIDERS, Provider
from bot.settings import Api, ModelSettings, ProviderName, ProviderPlace, Settings, load_settings
from bot.settings_sources import SettingsError
from tests.support.key_services import ACCESS, SECRET, is_signed
from tests.support.models import talk
from tests.support.patience import PATIENCE
from tests.support.provider_standin import ENDINGS, StandIn, says, streams

KEY = "key-0123456789abcdef"
PLACE = {"region": "europe-west1", "resource": "acme", "project": "acme-prod"}
READ = Tool(name="read", description="Read.", parameters={"type": "object", "properties": {"path": {"type": "string"}}})
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
FORMATS = [(row, api) for row in PROVIDERS.values() for api in row.homes or {row.elsewhere: ""}]
TABLE = Path(__file__).parents[2] / "docs" / "providers.md"
VERTEX = "/v1/projects/acme-prod/locations/europe-west1/publishers/anthropic/models/the-model:streamRawPredict"


def make_settings(**given: Any) -> Settings:
    """Settings that hold one key for all, and nothing of the environment's."""
    keys = {row.key_variable.lower(): KEY for row in PROVIDERS.values() if row.key_variable and row.auth != "google"}
    empty = {"anthropic_base_url": None, "openai_base_url": None, "google_application_credentials": None}
    return Settings(**(keys | empty | given))


def find_spec(
    row: Provider, api: Api, base_url: str | None, *, machine: bool = False, region: str = PLACE["region"], **given: Any
) -> tuple[Catalogue, ModelSpec]:
    model = ModelSettings(provider=row.name, api=api, base_url=base_url, key_env=row.key_variable, token_limit=10**6)
    place = ProviderPlace(**(PLACE | {"region": region}), machine=machine)
    known = Catalogue(make_settings(models={"the-model": model}, providers={row.name: place}, **given))
    return known, known.spec("the-model")


def credential_of(row: Provider, token: str = KEY) -> dict[str, str]:
    if row.auth in ("x-api-key", "api-key"):
        return {row.auth: token}
    return {"authorization": f"Bearer {token if row.key_variable else 'none'}"}


def make_standin(row: Provider, api: Api, credential: Callable[[], dict[str, str]]) -> tuple[StandIn, str]:
    """A stand-in for the provider, and the path of the address at which it is asked."""
    home = row.find_homes(PLACE).get(api, "http://localhost/v1")
    base = "/" + home.split("/", 3)[3] if home.count("/") > 2 else ""
    if row.path_names_model and api == "messages":
        # every worker imports this module, and the SDK takes two seconds
        from anthropic._constants import ANTHROPIC_API_VERSION

        return StandIn(api, VERTEX, credential, {}, {"anthropic_version": ANTHROPIC_API_VERSION}, True), base
    return StandIn(api, base + ENDINGS[api], credential), base


@pytest.mark.parametrize(("row", "api"), FORMATS, ids=lambda value: getattr(value, "name", value))
async def test_each_provider_is_asked_as_it_wants(row: Provider, api: Api, tmp_path: Path) -> None:
    standin, base = make_standin(row, api, lambda: credential_of(row))
    given: dict[str, Any] = {}
    if row.auth == "google":
        given["google_application_credentials"] = tmp_path / "google.json"
        standin.more["POST /token"] = says(200, {"access_token": KEY, "expires_in": 3600})
    async with standin:
        if given:
            write_user(tmp_path / "google.json", standin.url)
        known, spec = find_spec(row, api, standin.url + base, **given)
        model = SdkModel(spec, known.key(spec), idle=PATIENCE)
        reply = await model.ask(talk("Look."), tools=[READ], max_output=100)
        assert (reply.text, reply.estimated, reply.model) == ("Yes.", False, "the-model")
        with pytest.raises(ModelError):  # the stand-in's answer is no JSON; what is seen here is its request
            await model.ask(talk("Judge."), schema=SCHEMA, max_output=100)
    assert standin.refused == []
    assert len(standin.bodies) == 2
    if api == "chat":
        assert ("max_completion_tokens" in standin.bodies[0]) is row.newest_chat


def write_user(file: Path, url: str) -> None:
    file.write_text(
        json.dumps(
            {
                "type": "authorized_user",
                "client_id": "c",
                "client_secret": "s",
                "refresh_token": "r",
                "token_uri": f"{url}/token",
            }
        )
    )


async def test_google_renews_a_token_once_when_it_is_refused(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    issued: list[str] = []

    async def exchange(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = jwt.decode(
            str(form["assertion"]), key.public_key(), algorithms=["RS256"], audience=f"{standin.url}/token"
        )
        assert (claims["iss"], claims["exp"] - claims["iat"]) == ("bot@acme", 3600)
        assert claims["scope"] == "https://www.googleapis.com/auth/cloud-platform"
        issued.append(f"token-{len(issued)}")
        return web.json_response({"access_token": issued[-1], "expires_in": 3600})

    row = PROVIDERS["vertex"]
    expired = says(401, [{"error": {"code": 401, "message": "expired", "status": "UNAUTHENTICATED"}}])
    standin, base = make_standin(row, "messages", lambda: credential_of(row, issued[-1]))
    standin.more["POST /token"] = exchange
    async with standin:
        file = tmp_path / "google.json"
        account = {"type": "service_account", "client_email": "bot@acme", "private_key": pem, "private_key_id": "k"}
        file.write_text(json.dumps(account | {"token_uri": f"{standin.url}/token"}))
        known, spec = find_spec(row, "messages", standin.url + base, google_application_credentials=file)
        assert "Google's tokens, untested against the real service, in place of a key" in check_models_of(known)
        ask = SdkModel(spec, known.key(spec), idle=PATIENCE).ask
        await ask(talk("One."), max_output=9)
        await ask(talk("Two."), max_output=9)
        assert issued == ["token-0"]
        standin.answers = [expired]
        assert (await ask(talk("Three."), max_output=9)).text == "Yes."
        assert issued == ["token-0", "token-1"]
        standin.answers = [expired, expired]
        with pytest.raises(ModelRefused, match="expired") as caught:
            await ask(talk("Four."), max_output=9)
        assert caught.value.details["reason"] == "key"
        assert len(issued) == 3, "renewed once a call"
        standin.more["POST /token"] = says(400, {"error": "invalid_grant", "error_description": "account gone"})
        standin.answers = [expired]
        with pytest.raises(ModelRefused, match=r"GOOGLE_APPLICATION_CREDENTIALS gives no token: .* \(HTTP 400\)"):
            await ask(talk("Five."), max_output=9)
    assert standin.refused == []


async def test_google_is_asked_as_this_machine_where_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    row, given = PROVIDERS["vertex"], {"access_token": "token-of-a-machine", "expires_in": 3599, "token_type": "Bearer"}
    asked: list[web.Request] = []

    async def metadata(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        assert request.headers["Metadata-Flavor"] == "Google"
        assert dict(request.query) == {"scopes": "https://www.googleapis.com/auth/cloud-platform"}
        return web.json_response(given, headers={"Metadata-Flavor": "Google"})

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    standin, base = make_standin(row, "chat", lambda: credential_of(row, given["access_token"]))
    path = "GET /computeMetadata/v1/instance/service-accounts/default/token"
    standin.more[path] = metadata
    async with standin:
        monkeypatch.setenv("GCE_METADATA_HOST", standin.url.removeprefix("http://"))
        known, spec = find_spec(row, "chat", standin.url + base)
        assert known.key(spec) is None, "nothing ambient is used unasked"
        known, spec = find_spec(row, "chat", standin.url + base, machine=True)
        assert "Google's tokens, untested against the real service, in place of a key" in check_models_of(known)
        ask = SdkModel(spec, known.key(spec), idle=PATIENCE).ask
        for _ in range(2):
            assert (await ask(talk("Look."), max_output=9)).text == "Yes."
        assert (len(asked), standin.refused) == (1, [])
        standin.answers = [says(401, [{"error": {"code": 401, "message": "gone", "status": "UNAUTHENTICATED"}}])]
        standin.more[path] = says(200, given)
        with pytest.raises(ModelDown, match="Another server answers"):
            await ask(talk("Look."), max_output=9)
        standin.more[path] = says(404, "no account", Metadata_Flavor="Google")
        with pytest.raises(ModelRefused, match="no service account at Google that may ask models"):
            await ask(talk("Look."), max_output=9)


@pytest.mark.parametrize("api", PROVIDERS["bedrock"].homes)
async def test_bedrock_is_asked_as_this_machine_where_settings_say_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "session-token",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    row = PROVIDERS["bedrock"]
    standin, base = make_standin(row, api, dict)
    standin.is_signed = partial(is_signed, service="bedrock-mantle", target="x-amz-security-token")
    async with standin:
        plain, spec = find_spec(row, api, standin.url + base, aws_bearer_token_bedrock=None)
        monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK", raising=False)
        assert plain.key(spec) is None, "nothing ambient is used unasked"
        known, spec = find_spec(row, api, standin.url + base, machine=True, region="eu-central-1")
        assert "requests signed as this machine, untested against the real" in check_models_of(known)
        ask = SdkModel(spec, known.key(spec), idle=PATIENCE).ask
        assert (await ask(talk("Look."), tools=[READ], max_output=100)).text == "Yes."
        assert (standin.refused, len(standin.bodies)) == ([], 1)
        standin.is_signed, standin.credential = None, lambda: credential_of(row)
        standin.answers = [shows_nothing_of_amazon]
        with pytest.raises(ModelRefused, match="seen"):
            await SdkModel(spec, KEY, idle=PATIENCE).ask(talk("Somebody's own key."), max_output=9)
        assert standin.refused == []
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        known, spec = find_spec(row, api, standin.url + base, machine=True)
        with pytest.raises(ModelRefused, match="no credentials of AWS") as caught:
            await SdkModel(spec, known.key(spec), idle=PATIENCE).ask(talk("Look."), max_output=9)
        assert caught.value.details["reason"] == "key"


async def shows_nothing_of_amazon(request: web.Request) -> web.StreamResponse:
    assert not [name for name in request.headers if name.lower().startswith("x-amz-")]
    return await says(400, {"error": {"message": "seen"}})(request)


def check_models_of(known: Catalogue) -> str:
    roles = known._settings.model_copy(update={"roles": {"fix": ["the-model"]}})
    return "\n".join(line.text for line in check_models(Catalogue(roles)))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type": "external_account"}', '{"type": "service_account"}'])
def test_a_file_that_is_no_credential_is_named_before_a_task_needs_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "google.json"
    file.write_text(text)
    known, _ = find_spec(PROVIDERS["vertex"], "messages", None, google_application_credentials=file)
    assert "the-model needs a service account's key" in check_models_of(known)


QUOTA_AT_AWS = says(
    400, {"message": "Too many tokens a day"}, x_amzn_errortype="ServiceQuotaExceededException:http://x"
)
CHUNK = {"id": "g", "object": "chat.completion.chunk", "created": 1, "model": "m", "provider": "x"}
BROKEN = {"code": 502, "message": "Provider disconnected", "metadata": {"provider_name": "x"}}
FLAGGED = {"code": 403, "message": "Flagged", "metadata": {"reasons": ["violence"], "flagged_input": "..."}}


@pytest.mark.parametrize(
    ("name", "api", "answer", "kind", "words"),
    [
        (
            "openrouter",
            "chat",
            streams({**CHUNK, "error": BROKEN, "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]}),
            ModelDown,
            "Provider disconnected",
        ),
        (
            "openrouter",
            "chat",
            streams({**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "error", "error": BROKEN}]}),
            ModelDown,
            "Provider disconnected",
        ),
        (
            "openrouter",
            "chat",
            streams({**CHUNK, "choices": [{"index": 0, "delta": {"content": None}, "finish_reason": "error"}]}),
            ModelDown,
            "stopped mid-answer",
        ),
        ("openrouter", "chat", streams({"error": {"code": 429, "message": "slow"}}), ModelBusy, "slow"),
        ("openrouter", "chat", says(402, {"error": {"code": 402, "message": "credits"}}), ModelQuota, "credits"),
        ("openrouter", "chat", says(403, {"error": FLAGGED}), ModelRefused, "declined to answer: Flagged; violence"),
        ("azure", "chat", says(400, {"error": {"code": "content_filter", "message": "no"}}), ModelRefused, "decl"),
        (
            "azure",
            "responses",
            says(404, {"error": {"code": "DeploymentNotFound", "message": "no deployment"}}),
            ModelRefused,
            "No such model",
        ),
        ("bedrock", "messages", QUOTA_AT_AWS, ModelQuota, "tokens a day"),
        (
            "bedrock",
            "messages",
            says(429, {"message": "slow"}, x_amzn_errortype="ThrottlingException"),
            ModelBusy,
            "slow",
        ),
        ("bedrock", "messages", says(403, {"Message": "API Key is not valid"}), ModelRefused, "API Key is not valid"),
        (
            "compatible",
            "chat",
            says(
                400,
                {"error": {"code": 400, "type": "exceed_context_size_error", "message": "too big", "n_ctx": 8192}},
            ),
            ContextTooLong,
            "too big",
        ),
    ],
)  # fmt: skip
async def test_each_providers_own_errors(
    name: ProviderName, api: Api, answer: Any, kind: type[ModelError], words: str
) -> None:
    row = PROVIDERS[name]
    standin, base = make_standin(row, api, lambda: credential_of(row))
    standin.answers = [answer]
    async with standin:
        known, spec = find_spec(row, api, standin.url + base)
        with pytest.raises(ModelError, match=words) as caught:
            await SdkModel(spec, known.key(spec), idle=PATIENCE).ask(talk("Look."), max_output=9)
    assert (type(caught.value), standin.refused) == (kind, [])
    if kind is ContextTooLong:
        assert caught.value.details["limit"] == 8192


def test_googles_refusal_comes_as_a_list() -> None:
    full = [{"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}}]
    assert isinstance(make_error("m", 429, full, {}), ModelBusy)


def test_openai_itself_is_asked_in_its_newest_chat_and_others_in_the_oldest() -> None:
    """OpenAI's models that reason refuse `max_tokens`, also those outside our table; llama.cpp knows no other."""

    def spec(name: str, **given: Any) -> ModelSpec:
        model = ModelSettings(provider="openai", api="chat", token_limit=9)
        return Catalogue(make_settings(models={name: model}, **given)).spec(name)

    assert spec("o9").newest_chat
    assert not spec("o9", openai_base_url="http://127.0.0.1:8080/v1").newest_chat


def test_an_address_is_made_of_the_accounts_place_or_said_to_lack_it() -> None:
    def spec(name: ProviderName, place: dict[str, str], **given: Any) -> ModelSpec:
        model = ModelSettings(provider=name, token_limit=9, **given)
        places = {name: ProviderPlace(**place)} if place else {}
        return Catalogue(make_settings(models={"m": model}, providers=places)).spec("m")

    assert spec("bedrock", {"region": "us-east-1"}).base_url == "https://bedrock-mantle.us-east-1.api.aws/anthropic"
    assert spec("vertex", {"region": "eu", "project": "p"}).base_url == "https://aiplatform.eu.rep.googleapis.com/v1"
    gemini = spec("vertex", {"region": "us-east5", "project": "p"}, api="chat")
    assert gemini.base_url.startswith("https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/")
    assert (gemini.at_home, gemini.key_env) == (True, "GOOGLE_APPLICATION_CREDENTIALS")
    elsewhere = spec("azure", {}, base_url="https://gateway.example/openai/v1")
    assert (elsewhere.api, elsewhere.at_home, elsewhere.key_env) == ("responses", False, None)
    with pytest.raises(UnknownModel, match=r"needs a region: set providers\.bedrock\.region, or models\.m\.base_url"):
        spec("bedrock", {})
    with pytest.raises(UnknownModel, match=r"foundry has no address of its own for chat \(m\): set models\.m\.api to"):
        spec("foundry", {"resource": "r"}, api="chat")
    with pytest.raises(UnknownModel, match=r"compatible has no address of its own .* set models\.m\.base_url"):
        spec("compatible", {})


@pytest.mark.parametrize("region", ["evil.example/x", "a@b", "", "us-east-1?x", "../x"])
def test_a_place_cannot_lead_a_key_elsewhere(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORGEHAND_PROVIDERS", json.dumps({"bedrock": {"region": region}}))
    with pytest.raises(SettingsError, match=r"providers\.bedrock\.region"):
        load_settings()


@pytest.mark.parametrize(
    ("place", "words"),
    [({"openai": {"machine": True}}, "openai cannot be asked as this"), ({"bedrock": {"machine": True}}, "`region`")],
)
def test_a_machine_that_cannot_ask_is_told_at_the_start(place: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings(providers=place)


def test_the_page_tells_every_row_as_it_is() -> None:
    rows = re.findall(r"^\| `(?!provider)(\w+)` \|(.*)\|$", TABLE.read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == list(get_args(ProviderName)) == list(PROVIDERS)
    for name, cells in rows:
        row = PROVIDERS[name]
        told = set(re.findall(r"`([^`]+)`", cells))
        assert {*row.homes, *row.homes.values(), *row.placeholders, row.key_variable} - {None} <= told, name
