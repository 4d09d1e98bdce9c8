"""The set-up page as a browser without JavaScript sees it, with a GitHub that registers Apps by manifest."""

from __future__ import annotations

import asyncio
import html
import json
import re
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.github.resources.manifest import load_manifest
from bot.settings import Settings
from bot.web.setup import Setup, SetupError, application, run
from simhub.appkeys import new_key_pair
from tests.support.patience import PATIENCE

PRIVATE_KEY = new_key_pair()[0]


@dataclass
class ManifestGitHub:
    """GitHub in the manifest flow.

    It takes the form, sends the browser back, and converts a code once.
    """

    manifests: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    async def new_app(self, request: web.Request) -> web.Response:
        form = await request.post()
        manifest = json.loads(str(form["manifest"]))
        code = f"code-{len(self.manifests)}"
        self.manifests[code] = manifest | {"owner": request.match_info.get("org", "me")}
        back = f"{manifest['redirect_url']}?code={code}&state={request.query['state']}"
        raise web.HTTPFound(back)

    async def convert(self, request: web.Request) -> web.Response:
        manifest = self.manifests.pop(request.match_info["code"], None)
        if manifest is None:
            return web.json_response({"message": "Not Found"}, status=404)
        active = manifest["hook_attributes"]["active"]
        answer = {
            "id": 4711, "slug": "forge-hand", "name": manifest["name"], "client_id": "Iv1.abc", "pem": PRIVATE_KEY,
            "client_secret": "shh", "webhook_secret": "hook-secret" if active else None,
            "html_url": f"{self.url}/apps/forge-hand",
        }  # fmt: skip
        return web.json_response(answer, status=201)


@dataclass
class Browser:
    """A browser with cookies that follows no redirect by itself."""

    session: aiohttp.ClientSession
    base: str
    setup: Setup
    github: ManifestGitHub

    async def get(self, url: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(self._url(url), headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def post(self, url: str, data: dict[str, Any], **headers: str) -> tuple[int, str]:
        async with self.session.post(self._url(url), data=data, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()

    async def sign_in(self) -> None:
        assert await self.post("/code", {"code": self.setup.code.lower()}) == (303, "/")

    async def fill(self, **fields: Any) -> tuple[int, str]:
        _, page = await self.get("/")
        values = {"csrf": hidden(page, "csrf"), "name": "forge-hand", "web_url": self.github.url, **fields}
        return await self.post("/manifest", values)

    async def send(self, page: str) -> tuple[int, str]:
        """Press the button that goes to GitHub; where it leads the browser."""
        target = html.unescape(re.findall(r'action="([^"]+)"', page)[0])
        return await self.post(target, {"manifest": hidden(page, "manifest")})

    def _url(self, url: str) -> str:
        return url if url.startswith("http") else self.base + url


def hidden(page: str, name: str) -> str:
    return html.unescape(re.findall(rf'name="{name}" value="([^"]*)"', page)[0])


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    github = ManifestGitHub()
    server = web.Application()
    server.router.add_post("/settings/apps/new", github.new_app)
    server.router.add_post("/organizations/{org}/settings/apps/new", github.new_app)
    server.router.add_post("/api/v3/app-manifests/{code}/conversions", github.convert)
    async with TestServer(server) as theirs, aiohttp.ClientSession() as session:
        github.url = str(theirs.make_url("")).rstrip("/")
        setup = Setup(tmp_path / "data", session, load_manifest())
        jar = aiohttp.CookieJar(unsafe=True)
        async with TestServer(application(setup)) as ours, aiohttp.ClientSession(cookie_jar=jar) as browsing:
            yield Browser(browsing, str(ours.make_url("")).rstrip("/"), setup, github)


async def test_an_app_is_registered_and_its_credentials_work_as_settings(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in()
    status, page = await browser.fill(public_url="https://bot.example.com/", group=["ci"], organization="octo-org")
    assert status == 200
    document = json.loads(hidden(page, "manifest"))
    assert document["hook_attributes"] == {"url": "https://bot.example.com/webhook", "active": True}
    assert document["default_permissions"]["actions"] == "write"
    assert document["public"] is False
    assert "/organizations/octo-org/settings/apps/new?state=" in page
    status, back = await browser.send(page)
    assert (status, back.startswith(f"{browser.base}/callback?code=")) == (302, True)
    status, page = await browser.get(back)
    assert status == 200
    assert f"{browser.github.url}/apps/forge-hand/installations/new" in page
    assert "PRIVATE KEY" not in page
    assert "hook-secret" not in page
    data = browser.setup.data_dir
    for file in data.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert sorted(file.name for file in data.iterdir()) == ["private-key.pem", "server.yml"]
    monkeypatch.setenv("FORGEHAND_DATA_DIR", str(data))
    settings = Settings()
    assert settings.app_id == 4711
    assert settings.private_key is not None
    assert settings.private_key.get_secret_value() == PRIVATE_KEY
    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == ["hook-secret"]
    assert (settings.api_url, settings.web_url) == (f"{browser.github.url}/api/v3", browser.github.url)
    assert settings.public_url == "https://bot.example.com"
    await asyncio.wait_for(browser.setup.done.wait(), PATIENCE)


async def test_an_answer_counts_once_and_only_if_asked_for(browser: Browser) -> None:
    await browser.sign_in()
    assert (await browser.get("/callback?code=stolen&state=guessed"))[0] == 400
    _, first = await browser.fill()
    _, second = await browser.fill()
    assert "none, deliveries are polled" in second
    _, stale = await browser.send(first)
    assert (await browser.get(stale))[0] == 400
    _, back = await browser.send(second)
    assert not (browser.setup.data_dir / "server.yml").exists()
    assert (await browser.get(back))[0] == 200
    status, page = await browser.get(back)
    assert status == 400
    assert "used already" in page


async def test_only_who_knows_the_code_gets_in(browser: Browser) -> None:
    assert "One-time code" in (await browser.get("/"))[1]
    assert (await browser.post("/manifest", {}))[0] == 403
    assert (await browser.get("/callback?code=x&state=y"))[0] == 403
    for _ in range(4):
        assert (await browser.post("/code", {"code": "WRONG"}))[0] == 403
    await browser.sign_in()
    browser.session.cookie_jar.clear()
    assert (await browser.post("/code", {"code": browser.setup.code}))[0] == 403, "the code was used"
    assert not browser.setup.done.is_set()


async def test_guessing_ends_the_setup(browser: Browser) -> None:
    for _ in range(5):
        status, page = await browser.post("/code", {"code": "WRONG"})
    assert status == 400
    assert "Too many wrong codes" in page
    assert browser.setup.done.is_set()
    assert browser.setup.failed


async def test_other_sites_cannot_drive_the_page(browser: Browser) -> None:
    await browser.sign_in()
    assert (await browser.get("/", Host="evil.example"))[0] == 403
    assert (await browser.get("/", Host="127.0.0.1.evil.example"))[0] == 403
    assert (await browser.post("/code", {"code": browser.setup.code}, Origin="https://evil.example"))[0] == 403
    assert (await browser.post("/manifest", {"csrf": browser.setup.csrf}, Origin="null"))[0] == 403
    assert (await browser.fill(csrf="other"))[0] == 400
    async with browser.session.get(browser.base + "/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy + await answer.text()


async def test_mistakes_are_told_beside_the_form_which_keeps_what_was_typed(browser: Browser) -> None:
    await browser.sign_in()
    for wrong, said in (
        ({"web_url": "http://git.example.com"}, "not the address of a GitHub"),
        ({"public_url": "bot.example.com"}, "public address"),
        ({"organization": "../../evil"}, "letters, digits"),
        ({"name": ""}, "needs a name"),
        ({"group": "everything"}, "no optional group"),
    ):
        status, page = await browser.fill(**wrong)
        assert status == 400
        assert said in page
    assert 'value="&lt;b&gt;&#34;x"' in (await browser.fill(name='<b>"x', public_url="nonsense"))[1]


async def test_what_is_there_is_replaced_only_when_told_and_kept(browser: Browser) -> None:
    data = browser.setup.data_dir
    data.mkdir()
    (data / "server.yml").write_text("app_id: 1\nport: 9000\n")
    (data / "private-key.pem").write_text("old key")
    await browser.sign_in()
    status, page = await browser.fill()
    assert status == 400
    assert "would replace the App with id 1" in page
    _, page = await browser.fill(replace="yes")
    _, back = await browser.send(page)
    _, page = await browser.get(back)
    assert "server.yml.bak-" in page
    settings = yaml.safe_load((data / "server.yml").read_text())
    assert (settings["app_id"], settings["port"]) == (4711, 9000)
    kept = {file.name.split(".bak-")[0]: file.read_text() for file in data.glob("*.bak-*")}
    assert kept == {"server.yml": "app_id: 1\nport: 9000\n", "private-key.pem": "old key"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in data.iterdir())


async def test_a_github_that_hands_nothing_over_is_told(browser: Browser) -> None:
    await browser.sign_in()
    _, page = await browser.fill()
    _, back = await browser.send(page)
    browser.github.manifests.clear()
    status, page = await browser.get(back)
    assert status == 400
    assert "did not return the App" in page
    assert not browser.setup.data_dir.exists()


async def test_the_command_serves_loopback_only_and_prints_its_code(
    tmp_path: Path, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(SetupError, match="loopback"):
        await run(settings, host="0.0.0.0")
    running = asyncio.create_task(run(settings, port=unused_tcp_port))
    async with aiohttp.ClientSession() as session:
        async with asyncio.timeout(PATIENCE):
            while "One-time code" not in (printed := capsys.readouterr().out):
                await asyncio.sleep(0.02)
        assert re.search(r"One-time code: [A-Z2-9]{8}\n", printed)
        with pytest.raises(SetupError, match="--port"):
            await run(settings, port=unused_tcp_port)
        for _ in range(5):
            async with session.post(f"http://127.0.0.1:{unused_tcp_port}/code", data={"code": "X"}):
                pass
    assert await asyncio.wait_for(running, PATIENCE) is False
