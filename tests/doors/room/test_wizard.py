"""The set-up over HTTP: who is let in, what another site cannot do, and the bot that takes over without a restart."""

from __future__ import annotations

import asyncio
import html
import inspect
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.doors.room.wizard import SETUP, Invitation, Wizard
from bot.github.resources.manifest import load_manifest
from bot.local.hosting import free_port
from bot.onboarding import apps
from bot.onboarding.registrar import Registrar
from bot.settings import Settings
from bot.store import checkups, onboarding
from bot.store.database import create_engine
from bot.store.store import Store
from simhub import Hub
from tests.support import forks
from tests.support.databases import new_sqlite
from tests.support.keys import key_pair
from tests.support.patience import PATIENCE
from tests.support.processes import until


@dataclass
class Browser:
    """A browser without script that follows no redirect by itself."""

    session: aiohttp.ClientSession
    base: str
    hub: Hub
    seen: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, str, str]:
        """Status, where it leads, and the page."""
        url = path if path.startswith("http") else self.base + path
        own = {"Origin": self.base} if method == "POST" else {}
        sent = own | {name.replace("_", "-"): text for name, text in headers.items()}
        async with self.session.request(method, url, data=data, headers=sent, allow_redirects=False) as answer:
            text = await answer.text()
            self.seen.append(text)
            return answer.status, answer.headers.get("Location", ""), text

    async def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, data: Any = None, **headers: str) -> tuple[int, str, str]:
        return await self.ask("POST", path, data or {}, **headers)

    async def choose(self, name: str) -> str:
        """Answer every question, press both buttons; the address that GitHub leads back to."""
        assert (await self.post(SETUP, {"way": "webhook", "public_url": self.base}))[1] == f"{SETUP}/where"
        where = {"host": "server", "server": self.hub.url, "owner": "person", "name": name}
        assert (await self.post(f"{SETUP}/where", where))[1] == f"{SETUP}/rights"
        assert (await self.post(f"{SETUP}/rights", {"group": "ci"}))[1] == f"{SETUP}/create"
        _, _, page = await self.get(f"{SETUP}/create")
        target = html.unescape(re.findall(r'<form method="post" action="(http[^"]+)"', page)[0])
        manifest = html.unescape(re.findall(r'name="manifest" value="([^"]*)"', page)[0])
        document = json.loads(manifest)
        assert document["public"] is False
        assert document["default_permissions"]["actions"] == "write"
        assert document["setup_url"] == f"{self.base}/room/setup/installed"
        state = target.rpartition("state=")[2]
        made = {"manifest": manifest, "state": state}
        return (await self.post(f"{self.hub.url}/settings/apps/create", made))[1]


@pytest.fixture
async def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    monkeypatch.setattr("simhub.appkeys.new_key_pair", key_pair)
    async with Hub.start(tmp_path / "hub") as hub:
        yield hub


def test_a_code_is_good_once_and_for_an_hour() -> None:
    invitation = Invitation(1_000.0)
    assert not invitation.take(invitation.code, 1_000.0 + 3_600), "it is too old"
    assert not invitation.take("guessed", 1_001.0)
    assert invitation.take(invitation.code, 1_000.0 + 3_599)
    assert not invitation.take(invitation.code, 1_000.0 + 3_599), "it was used"


async def test_who_knows_the_code_chooses_and_registers_once(hub: Hub, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, port=free_port())
    store = Store(create_engine(new_sqlite(tmp_path / "forgehand.db")))
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession(cookie_jar=jar) as browsing:
        wizard = Wizard(settings, store, Registrar(settings, store, http, load_manifest()), http)
        app = web.Application()
        for path, inner in wizard.mounted().items():
            app.add_subapp(path, inner)
        async with TestServer(app, port=settings.port) as server:
            browser = Browser(browsing, str(server.make_url("")).rstrip("/"), hub)
            code = wizard.invite().partition(browser.base)[2]
            assert len(code.rpartition("=")[2]) == 22, "128 bits"
            await _is_shut(browser)
            status, to, _ = await browser.get(code)
            assert (status, to) == (303, SETUP)
            stranger = Browser(http, browser.base, hub)
            assert (await stranger.get(code))[0] == 403, "the code was used"
            await _mistakes_are_told(browser)
            back = await browser.choose("mine")
            assert (await stranger.get(back))[0] == 403, "no session"
            assert (await browser.get(back.replace("state=", "state=x")))[0] == 400
            status, to, _ = await browser.get(back)
            assert (status, to, wizard.registered.is_set()) == (303, "/room/setup", True)
            assert (await browser.get(back))[0] == 404, "configured"
            assert (await browser.get(SETUP))[0] == 404
            assert "goes on by itself" in (await browser.get(to))[2]
            kept = await apps.find(settings, store)
            assert kept is not None
            assert not [secret for secret in kept.secrets for page in browser.seen if secret in page]
    store.close()


async def _is_shut(browser: Browser) -> None:
    """Without the code nothing is shown but what is needed to say so."""
    for path in ("", "/where", "/rights", "/create", "/callback?code=a&state=b", "?code=guessed"):
        assert (await browser.get(SETUP + path))[0] == 403, path
    assert (await browser.post(f"{SETUP}/where"))[0] == 403
    assert (await browser.get("/room/tasks"))[:2] == (303, SETUP)
    assert len((await browser.get(f"{SETUP}/echo?nonce=a"))[2]) == 64


async def _mistakes_are_told(browser: Browser) -> None:
    assert (await browser.post(SETUP, {"way": "poll"}, Origin="https://evil.example"))[0] == 403
    assert (await browser.post(SETUP, {"way": "poll"}, Sec_Fetch_Site="cross-site"))[0] == 403
    for wrong, said in (
        ({"way": "webhook"}, "Enter the address"),
        ({"way": "webhook", "public_url": "http://bot.example.com"}, "it is https"),
        ({"way": "webhook", "public_url": f"{browser.hub.url}/x"}, "not this server that answers"),
    ):
        assert said in html.unescape((await browser.post(SETUP, wrong))[2])
    own = {"host": "server", "owner": "person", "name": "mine", "server": browser.hub.url}
    for wrong, said in (
        ({"server": "http://git.example.com"}, "not the address of a GitHub"),
        ({"host": "ghe", "subdomain": "a/b"}, "must look like octo"),
        ({"owner": "organization", "organization": "../evil"}, "only letters"),
        ({"owner": "organization"}, "name of the organisation"),
        ({"name": ""}, "needs a name"),
        ({"server": browser.base}, "does not say that it is a GitHub"),
    ):
        assert said in html.unescape((await browser.post(f"{SETUP}/where", own | wrong))[2]), wrong
    assert "no optional group" in html.unescape((await browser.post(f"{SETUP}/rights", {"group": "all"}))[2])


async def test_the_bot_takes_over_without_a_restart_and_follows_a_replaced_app(hub: Hub, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    data.mkdir(mode=0o700)
    url = new_sqlite(data / "forgehand.db")
    given = {"FORGEHAND_DATA_DIR": str(data), "FORGEHAND_PORT": str(port), "FORGEHAND_SANDBOX": "none"}
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FORGEHAND_")}
    with (tmp_path / "bot.log").open("ab") as output:
        process = forks.forker().fork(["serve"], kept | given, output)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browsing:
        browser = Browser(browsing, f"http://127.0.0.1:{port}", hub)

        def find_code() -> str:
            found = re.findall(r'"open": ?"[^"]*(/setup\?code=[^"]+)"', (tmp_path / "bot.log").read_text())
            return found[0] if found else ""

        async def has_status(path: str, status: int) -> bool:
            try:
                return (await browser.get(path))[0] == status
            except aiohttp.ClientError:
                return False

        async def shows(path: str, text: str) -> bool:
            try:
                return text in (await browser.get(path))[2]
            except aiohttp.ClientError:
                return False

        async def until(holds: Callable[[], Any]) -> None:
            async with asyncio.timeout(PATIENCE):
                while not ((await found) if inspect.isawaitable(found := holds()) else found):
                    assert process.returncode is None
                    await asyncio.sleep(0.05)

        await until(find_code)
        assert (await browser.get("/healthz"))[0] == 200
        assert (await browser.get("/readyz"))[0] == 503
        assert (await browser.post("/webhook", b"{}"))[0] == 503
        assert (await browser.get("/metrics"))[0] == (await browser.get("/api/v1/openapi.json"))[0] == 404
        await browser.get(find_code())
        await browser.get(await browser.choose("first"))
        await until(lambda: has_status("/readyz", 200))
        await until(lambda: has_status("/room/setup", 200))
        assert (await browser.get(SETUP))[0] == (await browser.get(f"{SETUP}/echo?nonce=a"))[0] == 404
        async with aiohttp.ClientSession() as http:
            assert (await Browser(http, browser.base, hub).get("/room/setup"))[0] == 404, "not for strangers"
        assert "has not looked yet" in (await browser.get("/room/health"))[2]
        assert (await browser.post("/room/health"))[:2] == (303, "/room/health")
        assert "GitHub knows this key as first" in (await browser.get("/room/health"))[2]
        store = Store(create_engine(url))
        assert store.run_sync(checkups.find) is not None
        settings = Settings(data_dir=data)
        first = await apps.find(settings, store)
        other = hub.create_app("second", key_pair=key_pair())
        assert first is not None
        second = first.model_copy(update={"app_id": other.app_id, "name": "second", "private_key": other.private_key})
        assert await apps.keep(settings, store, second, replace=True)
        assert store.run_sync(onboarding.find_app) is not None
        store.close()
        await until(lambda: shows("/room/setup", "<strong>second</strong>"))
    process.terminate()
    await process.wait()


async def test_a_terminal_leads_to_the_same_steps_and_registers_once(hub: Hub, tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    data.mkdir(mode=0o700)
    new_sqlite(data / "forgehand.db")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FORGEHAND_")}
    given = kept | {"FORGEHAND_DATA_DIR": str(data)}
    told = tmp_path / "setup.log"

    def command(*options: str) -> forks.Forked:
        with told.open("wb") as output:
            return forks.forker().fork(["setup", *options], given, output)

    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browsing:
        browser = Browser(browsing, f"http://127.0.0.1:{port}", hub)
        registering = command("--port", str(port))
        await until(lambda: "FROM ELSEWHERE" in told.read_text().upper())
        await browser.get(re.findall(rf"{browser.base}(\S+)", told.read_text())[0])
        status, _, page = await browser.get(await browser.choose("mine"))
        assert status == 200
        assert "You can close this page." in page
    assert await registering.wait() == 0
    assert re.search(r"mine \(id \d+\) is registered. Next:", told.read_text())
    assert await command("--print-env").wait() == 0
    assert re.search(r"^FORGEHAND_APP_ID=\d+$", told.read_text(), re.M)
    assert await command("--port", str(port)).wait() != 0
    assert "`forgehand setup --replace` puts another one in its place" in told.read_text()
