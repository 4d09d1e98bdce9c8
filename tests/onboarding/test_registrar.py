"""What comes back from GitHub is believed once, by who asked, for what was asked, at the GitHub that was asked.

Coolify had these callbacks wrong once, and guards them by 19 cases (`GithubAppSetupCallbackTest`, read on 2026-12-01).
In its order, with where each stands here; the teams of others are sessions of others to us:

1. registering without a session: `test_wizard`, `_is_shut`. 2. with a guessed state, GitHub not asked: `taken_once`.
3. over an App that is there: `replaced_only`. 4. with a good state: `taken_once`. 5. at ghe.com: `neither_host`.
6. replayed: `taken_once`. 7. installing without a session: `test_crawl`. 8. with the App's name for a state, 9. with
none or an expired one, 10. with that of another step: `installation_is` and `one_session`. 11. changed repositories,
12. of an App that is not ours: `installation_is`. 13. an unknown action: `neither_host`. 14. another session's state:
`one_session`. 15. not confirmed by GitHub, 16. confirmed: `installation_is`. 17. at ghe.com: `neither_host`.
18. replayed, 19. installed again: `installation_is`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.github.api.access import GitHubs
from bot.github.resources.app import Installation
from bot.github.resources.manifest import Places, load_manifest
from bot.onboarding import apps
from bot.onboarding.callbacks import STATE_MS, CallbackRefused, Installed, digest, read_code, read_installed, require
from bot.onboarding.installing import begin_install, confirm_install
from bot.onboarding.registrar import Registrar, SetupError, conversion_of, read_app
from bot.onboarding.wishes import Wishes
from bot.settings import Settings
from bot.store import onboarding
from bot.store.database import create_engine, now_ms
from bot.store.onboarding import SetupState
from bot.store.store import Store
from simhub import Hub
from tests.support.databases import new_sqlite
from tests.support.keys import key_pair

MINE, OTHER = "session-1", "session-2"
PLACES = Places(
    registered="http://127.0.0.1:1/setup/callback",
    installed="http://127.0.0.1:1/room/setup/installed",
    signed_in=("http://127.0.0.1:1/room/sign-in/callback",),
)
STATE = SetupState(hash=digest("s"), session=MINE, action="register", host="https://github.com", expires=100)


@dataclass
class Stage:
    """A simulated GitHub, and a server that has no App."""

    hub: Hub
    folder: Path
    store: Store
    http: aiohttp.ClientSession

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.folder)

    def registrar(self, *, replace: bool = False) -> Registrar:
        return Registrar(self.settings, self.store, self.http, load_manifest(), replace=replace)

    @property
    def wishes(self) -> Wishes:
        return Wishes(web_url=self.hub.url, public_url="http://127.0.0.1:1")

    async def press(self, name: str, *, session: str = MINE) -> dict[str, str]:
        """Create an App as a browser does; what GitHub brings back."""
        form = await self.registrar().begin(session, self.wishes.model_copy(update={"name": name}), PLACES)
        async with self.http.post(form.target, data={"manifest": json.dumps(form.manifest)}) as page:
            fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', await page.text()))
        sent = {key: html.unescape(value) for key, value in fields.items()}
        async with self.http.post(f"{self.hub.url}/settings/apps/create", data=sent, allow_redirects=False) as answer:
            back = answer.headers["Location"]
        assert back.startswith(PLACES.registered)
        return dict(parse_qsl(urlsplit(back).query))


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr("simhub.appkeys.new_key_pair", key_pair)
    store = Store(create_engine(new_sqlite(tmp_path / "forgehand.db")))
    async with Hub.start(tmp_path / "hub") as hub, aiohttp.ClientSession() as http:
        yield Stage(hub, tmp_path, store, http)
    store.close()


@pytest.mark.parametrize(
    ("state", "session", "action", "now", "said"),
    [
        (None, MINE, "register", 1, "unknown"),
        (STATE, OTHER, "register", 1, "another session"),
        (STATE, MINE, "install", 1, "another step"),
        (STATE.model_copy(update={"action": "install"}), MINE, "register", 1, "another step"),
        (STATE, MINE, "register", 100, "too late"),
    ],
)
def test_a_state_is_for_one_session_one_step_and_one_hour(
    state: SetupState | None, session: str, action: onboarding.Action, now: int, said: str
) -> None:
    with pytest.raises(CallbackRefused, match=said):
        require(state, session, action, now)
    assert require(STATE, MINE, "register", 99) == STATE
    assert STATE_MS == 3_600_000


def test_what_is_brought_names_neither_host_nor_path() -> None:
    for query in ({}, {"code": ""}, {"code": "../../app"}, {"code": "a/b"}, {"code": "a?x"}, {"code": "a" * 201}):
        with pytest.raises(CallbackRefused, match="no code"):
            read_code(query)
    assert read_code({"code": "4f_-a", "host": "evil.example"}) == "4f_-a"
    assert conversion_of("https://github.com", "c") == "https://api.github.com/app-manifests/c/conversions"
    assert conversion_of("https://octo.ghe.com", "c") == "https://api.octo.ghe.com/app-manifests/c/conversions"
    assert conversion_of("https://git.example.com", "c") == "https://git.example.com/api/v3/app-manifests/c/conversions"
    for query in (
        {"setup_action": "delete", "installation_id": "1"},
        {"installation_id": "1"},
        {"setup_action": "install"},
        {"setup_action": "install", "installation_id": "1/../2"},
        {"setup_action": "update", "installation_id": "٣"},
    ):
        with pytest.raises(CallbackRefused):
            read_installed(query)
    assert read_installed({"setup_action": "request"}) == Installed(action="request", installation=None)
    answer = {
        "id": 1,
        "slug": "f",
        "client_id": "c",
        "client_secret": "s",
        "pem": "p",
        "html_url": "https://evil.example/",
    }
    app = read_app(answer | {"owner": {"id": 7, "type": "User"}}, "https://octo.ghe.com", Wishes())
    assert (app.html_url, app.poll, app.owner) == ("https://octo.ghe.com/apps/f", True, 7)
    assert app.api_url == "https://api.octo.ghe.com", "installations are confirmed there too"
    assert len(app.webhook_secret) == 64, "one is made where GitHub made none"
    with pytest.raises(SetupError, match="really a GitHub"):
        read_app({"id": 1}, "https://github.com", Wishes())


async def test_an_app_is_taken_once_and_kept_sealed(stage: Stage) -> None:
    refused = [{}, {"code": "c"}, {"code": "c", "state": "guessed"}]
    for query in refused:
        with pytest.raises(CallbackRefused, match="unknown"):
            await stage.registrar().finish(MINE, stage.wishes, query)
    assert stage.hub.requests == [], "GitHub is not asked"
    theirs = await stage.press("theirs", session=OTHER)
    with pytest.raises(CallbackRefused, match="another session"):
        await stage.registrar().finish(MINE, stage.wishes, theirs)
    with pytest.raises(CallbackRefused, match="unknown"):
        await stage.registrar().finish(OTHER, stage.wishes, theirs)
    older = await stage.press("older")
    back = await stage.press("mine")
    with pytest.raises(CallbackRefused, match="unknown"):
        await stage.registrar().finish(MINE, stage.wishes, older)
    app = await stage.registrar().finish(MINE, stage.wishes, back)
    assert (app.slug, app.api_url, app.public_url) == ("mine", stage.hub.api_url, "http://127.0.0.1:1")
    restarted = Store(create_engine(f"sqlite:///{stage.folder / 'forgehand.db'}"))
    again = Registrar(stage.settings, restarted, stage.http, load_manifest())
    with pytest.raises(CallbackRefused, match="used already"):
        await again.finish(MINE, stage.wishes, back)
    assert await apps.find(stage.settings, restarted) == app
    restarted.close()
    held = b"".join(file.read_bytes() for file in stage.folder.glob("forgehand.db*"))
    assert not [secret for secret in app.secrets if secret.strip()[:60].encode() in held]
    assert not [state for state in (back["state"], older["state"]) if state.encode() in held]
    full = await apps.complete(stage.settings, stage.store)
    assert (full.app_id, full.poll, full.origin) == (app.app_id, False, "http://127.0.0.1:1")
    assert full.private_key is not None
    printed = apps.print_environment(app)
    assert f"FORGEHAND_APP_ID={app.app_id}\n" in printed
    assert "\\n" in printed.split("FORGEHAND_PRIVATE_KEY=")[1].splitlines()[0]


async def test_an_app_is_replaced_only_from_the_machine(stage: Stage) -> None:
    first = await stage.registrar().finish(MINE, stage.wishes, await stage.press("first"))
    second = await stage.press("second")
    with pytest.raises(CallbackRefused, match="--replace"):
        await stage.registrar().finish(MINE, stage.wishes, second)
    assert await apps.find(stage.settings, stage.store) == first
    third = await stage.registrar(replace=True).finish(MINE, stage.wishes, await stage.press("third"))
    assert await apps.find(stage.settings, stage.store) == third
    own = Settings(data_dir=stage.folder, app_id=1, private_key=key_pair()[0])
    assert await apps.complete(own, stage.store) == own, "what is set goes before what is kept"
    assert await Registrar(own, stage.store, stage.http, load_manifest()).is_configured()


async def test_an_installation_is_what_github_says_it_is(stage: Stage) -> None:
    app = await stage.registrar().finish(MINE, stage.wishes, await stage.press("mine"))
    client = GitHubs.as_app(stage.http, app.api_url, app.app_id, app.private_key).app
    for name in ("octo/shop", "evil/trap"):
        stage.hub.create_repository(name)
    foreign = stage.hub.install(stage.hub.create_app("other", key_pair=key_pair()), "evil", ["evil/trap"])
    mine = stage.hub.install(next(a for a in stage.hub.credentials.values() if a.slug == "mine"), "octo", ["octo/shop"])

    async def confirm(**query: str) -> Installation | None:
        return await confirm_install(stage.store, client, MINE, query)

    async def begin() -> str:
        address = await begin_install(stage.store, MINE, app.html_url, app.web_url)
        assert address.startswith(f"{app.html_url}/installations/new?state=")
        return address.rpartition("=")[2]

    number = str(mine.id)
    for guessed in ({}, {"state": app.slug}, {"state": str(app.app_id)}, {"state": app.client_id}):
        with pytest.raises(CallbackRefused, match="unknown"):
            await confirm(setup_action="install", installation_id=number, **guessed)
    with pytest.raises(CallbackRefused, match="no such installation"):
        await confirm(setup_action="update", installation_id=str(foreign.id))
    state = await begin()
    with pytest.raises(CallbackRefused, match="no such installation"):
        await confirm(setup_action="install", installation_id=str(foreign.id), state=state)
    with pytest.raises(CallbackRefused, match="unknown"):
        await confirm(setup_action="install", installation_id=number, state=state)
    found = await confirm(setup_action="install", installation_id=number, state=await begin())
    assert found is not None
    assert found.id == mine.id
    assert await confirm(setup_action="install", installation_id=number, state=await begin()) == found, "once more"
    back = await stage.press("later")
    with pytest.raises(CallbackRefused, match="another step"):
        await confirm(setup_action="install", installation_id=number, state=back["state"])
    assert await confirm(setup_action="request") is None
    assert await confirm(setup_action="update", installation_id=number) == found


async def test_a_github_that_made_no_secret_is_told_one_and_no_redirect_is_followed(stage: Stage) -> None:
    back = await stage.press("mine")
    pending = stage.hub.conversions[back["code"]].credentials
    pending.webhook_secret = ""
    app = await stage.registrar().finish(MINE, stage.wishes, back)
    assert pending.app.webhook_secret == app.webhook_secret != ""

    async def lead_away(_: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{stage.hub.api_url}/app-manifests/{back['code']}/conversions")

    trap = web.Application()
    trap.router.add_post("/{path:.*}", lead_away)
    async with TestServer(trap) as server:
        wishes = stage.wishes.model_copy(update={"web_url": str(server.make_url("")).rstrip("/")})
        registrar = stage.registrar(replace=True)
        state = (await registrar.begin(MINE, wishes, PLACES)).target.rpartition("=")[2]
        with pytest.raises(SetupError, match="307"):
            await registrar.finish(MINE, wishes, {"code": "c", "state": state})
    assert await apps.find(stage.settings, stage.store) == app
    kept = await stage.store.run(onboarding.find_app)
    assert kept is not None
    assert kept.created <= now_ms()
