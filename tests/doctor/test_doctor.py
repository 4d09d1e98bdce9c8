"""``forgehand doctor`` as a process would run it: in good health, and each illness with its cure."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.local.hosting import free_port, manifest_rights
from simhub import AppCredentials, Hub
from simhub.scripted_model import Script, ScriptedModel
from tests.models.test_probe import CALLED
from tests.support.keys import key_pair
from tests.support.terminal import typed

SECRET = "It's a Secret to Everybody"
AREAS = [
    "App", "Clock", "Permissions", "Events", "Installations", "Webhook", "Webhook secret", "Deliveries", "Actions",
    "Data directory", "Database", "Signals", "Keys", "Sandbox", "Toolchains", "Models", "Prices",
]  # fmt: skip
PUBLIC = "https://bot.example.org"
ABLE = [
    {"match": {"tool": "report"}, "reply": CALLED, "reusable": True},
    {"match": {"user": "colour"}, "reply": {"json": {"colour": "green"}}, "reusable": True},
]


@dataclass
class Clinic:
    """A healthy App on a hub, and a model; tests make them ill."""

    hub: Hub
    model: ScriptedModel
    app: AppCredentials
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    async def examine(self, **settings: str) -> tuple[int, dict[str, tuple[str, str]], str]:
        """Exit code; area -> level and text, the worst where an area has several lines; everything that was said."""
        end = await typed("doctor", **(self.settings | settings))
        output = end.out + end.err
        found: dict[str, tuple[str, str]] = {}
        for level, area, text in re.findall(r"^(ok|warn|fail) +([A-Z][\w ]*?): (.+)$", output, re.M):
            worse = {"ok": 0, "warn": 1, "fail": 2}
            if area not in found or worse[level] > worse[found[area][0]]:
                found[area] = (level, text)
        assert end.code is not None
        return end.code, found, output


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with Hub.start(tmp_path / "hub") as hub, ScriptedModel(Script.load(ABLE)) as model:
        app = hub.create_app("forgehand", f"{PUBLIC}/webhook", SECRET, key_pair=key_pair(), **manifest_rights())
        repository = hub.create_repository("octo/sample")
        app.webhook_url = None
        hub.install(app, "octo", [repository])
        await hub.settled()
        app.webhook_url = f"{PUBLIC}/webhook"
        key = tmp_path / "key.pem"
        key.write_text(app.private_key)
        settings = {
            "FORGEHAND_APP_ID": str(app.app_id),
            "FORGEHAND_PRIVATE_KEY": str(key),
            "FORGEHAND_WEBHOOK_SECRET": SECRET,
            "FORGEHAND_API_URL": hub.api_url,
            "FORGEHAND_WEB_URL": hub.url,
            "FORGEHAND_PUBLIC_URL": PUBLIC,
            "FORGEHAND_DATA_DIR": str(tmp_path / "data"),
            "ANTHROPIC_API_KEY": "sk-ant-api03-never-shown",
            "ANTHROPIC_BASE_URL": model.anthropic_url,
        }
        yield Clinic(hub, model, app, tmp_path, settings)


@pytest.mark.needs("sandbox")
async def test_in_good_health_every_area_has_a_line(clinic: Clinic) -> None:
    code, found, output = await clinic.examine()
    assert list(found) == AREAS, output
    # prices grow old with the table, whatever the health
    assert {area: level for area, (level, _) in found.items() if level != "ok" and area != "Prices"} == {}
    assert code == 0
    assert "knows this key as forgehand" in found["App"][1]
    assert f"sqlite:///{clinic.folder / 'data' / 'forgehand.db'}" in found["Database"][1]
    assert "`bubblewrap` works" in found["Sandbox"][1]
    assert str(clinic.folder / "data" / "server.yml") in output
    assert SECRET not in output
    assert "never-shown" not in output
    named = {request.model for request in clinic.model.requests}
    assert all(f"{name} was asked 2 questions for $0.0" in output for name in named)
    assert len(clinic.model.requests) == 2 * len(named)


async def test_a_wrong_key_is_told_and_the_rest_still_examined(clinic: Clinic) -> None:
    other = clinic.folder / "other.pem"
    other.write_text(clinic.hub.create_app("other").private_key)
    code, found, _ = await clinic.examine(FORGEHAND_PRIVATE_KEY=str(other))
    assert code == 1
    assert found["App"][0] == "fail"
    assert "make a new private key" in found["App"][1]
    assert "Permissions" not in found
    assert found["Database"][0] == "ok"


async def test_what_the_app_lacks_on_github(clinic: Clinic) -> None:
    app = clinic.app.app
    app.permissions = {**app.permissions, "contents": "read"}
    app.events = [event for event in app.events if event != "issues"]
    app.webhook_url = "https://elsewhere.example.org/webhook"
    app.webhook_secret = ""
    clinic.hub.advance(-7200)
    code, found, output = await clinic.examine()
    assert code == 1
    assert "Permissions" in found, output
    assert found["Permissions"][0] == "fail"
    assert "contents: write (Read the code; push branches" in found["Permissions"][1]
    assert "each installation must then accept it" in found["Permissions"][1]
    assert found["Events"][0] == "warn"
    assert "issues (A label starts a fix" in found["Events"][1]
    assert found["Clock"][0] == "warn"
    assert "ahead of GitHub's; we allow for it, but turn on time synchronisation" in found["Clock"][1]
    assert found["Webhook"][0] == "fail"
    assert f"this server is at {PUBLIC}/webhook; correct one of them" in found["Webhook"][1]
    assert found["Webhook secret"][0] == "fail"
    assert "GitHub's App settings page" in found["Webhook secret"][1]


async def test_what_this_server_lacks(clinic: Clinic) -> None:
    password = "hidden-password"
    code, found, output = await clinic.examine(
        FORGEHAND_WEBHOOK_SECRET="",
        FORGEHAND_DATABASE_URL=f"postgresql://bot:{password}@127.0.0.1:{free_port()}/forgehand",
        FORGEHAND_SANDBOX="none",
        ANTHROPIC_API_KEY="",
        ANTHROPIC_BASE_URL="",
    )
    assert code == 1
    assert found["Webhook secret"][0] == "fail"
    assert "this server (FORGEHAND_WEBHOOK_SECRETS)" in found["Webhook secret"][1]
    assert found["Database"][0] == "fail"
    assert "cannot be used: connection failed" in found["Database"][1]
    assert "Check that the server is running" in found["Database"][1]
    assert found["Sandbox"] == ("fail", "Running repository code is switched off (FORGEHAND_SANDBOX=none).")
    assert found["Models"][0] == "fail"
    assert "ANTHROPIC_API_KEY" in found["Models"][1]
    assert password not in output
    assert "Traceback" not in output


@pytest.mark.needs("sandbox")
async def test_a_broken_key_and_an_unusable_folder_do_not_hide_the_rest(clinic: Clinic) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    code, found, _ = await clinic.examine(FORGEHAND_PRIVATE_KEY=key, FORGEHAND_DATA_DIR="/proc/nowhere")
    assert code == 1
    assert "is not an RSA key" in found["App"][1]
    assert "or set FORGEHAND_DATA_DIR" in found["Data directory"][1]
    assert [found[area][0] for area in ("Database", "Sandbox", "Toolchains")] == ["fail", "ok", "ok"]


async def test_a_trusted_process_and_no_app_at_all(clinic: Clinic) -> None:
    trusted = {"FORGEHAND_SANDBOX": "process", "FORGEHAND_TRUST_CODE": "true"}
    code, found, _ = await clinic.examine(**trusted)
    assert (code, found["Sandbox"][0]) == (0, "warn")
    assert "isolates nothing" in found["Sandbox"][1]
    del clinic.settings["FORGEHAND_APP_ID"]
    code, found, _ = await clinic.examine()
    assert code == 1
    assert "Run `forgehand setup` to create the App" in found["App"][1]
