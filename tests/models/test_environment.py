"""A call carries its own key and nothing that the server's environment says: the SDKs would add all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from simhub.scripted_model import ScriptedModel
from tests.support.models import FORMATS, MODEL_OF, scripted_settings, talk
from tests.support.patience import PATIENCE

TENANT = "sk-tenant-0123456789abcdef"
HEADERS = "Authorization: Bearer planted-1\nx-api-key: planted-2\nX-Cost-Center: planted-3\nanthropic-beta: planted-4"
PLANTED = {
    "ANTHROPIC_API_KEY": "planted-5",
    "ANTHROPIC_AUTH_TOKEN": "planted-6",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/planted",
    "ANTHROPIC_CUSTOM_HEADERS": HEADERS,
    "ANTHROPIC_ORGANIZATION_ID": "planted-7",
    "ANTHROPIC_PROFILE": "planted-8",
    "ANTHROPIC_WORKSPACE_ID": "planted-9",
    "OPENAI_ADMIN_KEY": "planted-10",
    "OPENAI_API_KEY": "planted-11",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/planted",
    "OPENAI_CUSTOM_HEADERS": HEADERS,
    "OPENAI_ORG_ID": "planted-12",
    "OPENAI_PROJECT_ID": "planted-13",
    "AWS_ACCESS_KEY_ID": "planted-14",
    "AWS_SECRET_ACCESS_KEY": "planted-15",
    "AWS_BEARER_TOKEN_BEDROCK": "planted-16",
    "HTTP_PROXY": "http://planted:planted@127.0.0.1:9",
    "http_proxy": "http://planted:planted@127.0.0.1:9",
    "ALL_PROXY": "http://planted:planted@127.0.0.1:9",
}


@pytest.mark.parametrize("protocol", FORMATS)
async def test_nothing_of_the_environment_is_on_the_wire(
    server: ScriptedModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, protocol: str
) -> None:
    spec = Catalogue(scripted_settings(server)).spec(MODEL_OF[protocol])
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login planted password planted\n")
    server.script.on({"text": "Yes."}, reusable=True)
    assert (await SdkModel(spec, TENANT, idle=PATIENCE).ask(talk("Mend it."), max_output=100)).text == "Yes."
    (asked,) = server.requests
    assert asked.headers["authorization"] == f"Bearer {TENANT}"
    assert "planted" not in json.dumps([asked.headers, asked.body])
    unkeyed = SdkModel(spec, None, idle=PATIENCE)
    await unkeyed.ask(talk("Mend it."), max_output=100)
    assert "planted" not in json.dumps(server.requests[-1].headers), "no ambient credentials where a key is missing"
