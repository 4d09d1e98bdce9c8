"""From the first start to a checked server and a first answer, by clicking alone; the pictures are the guide's.

`make browser` runs it. With FORGEHAND_PICTURES=1 the pictures in docs/images are made anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.local.hosting import free_port
from simhub import Hub
from simhub.model import Account, Repository
from simhub.scripted_model import Script, ScriptedModel
from tests.browser.chromium import Tab, browsing, open_tab
from tests.models.test_probe import CALLED
from tests.support.patience import PATIENCE

WATCH: ContextVar[Watch] = ContextVar("watch")
PICTURES = Path(__file__).parents[2] / "docs" / "images"
KEY = "sk-ant-api03-key-of-the-browser-test"
FILES = {"README.md": "# Shop\n\nSells things.\n", "shop/price.py": "def price(net: int) -> int:\n    return net\n"}
RULES = [
    {"match": {"tool": "report"}, "reply": CALLED, "reusable": True},
    {"match": {"user": "colour"}, "reply": {"json": {"colour": "green"}}, "reusable": True},
    {"match": {"user": " word word"}, "reply": {"text": "ready"}, "reusable": True},
    {"match": {"text": "What does this repository do"}, "reply": {"text": "It sells things: `shop/price.py:1`."}},
]


_COUNT = """
addEventListener('click', (event) => { if (event.isTrusted) count_clicks(); }, true);
const field = 'input:not([type=radio], [type=checkbox]), textarea';
addEventListener('change', (event) => { if (event.target.matches(field)) count_fields(); }, true);
"""


@dataclass
class Server:
    """`forgehand serve` as somebody starts it first: with a model's price, and nothing else."""

    process: asyncio.subprocess.Process
    log: Path
    port: int

    async def invitation(self) -> str:
        """The address in the one line of the log."""
        async with asyncio.timeout(PATIENCE):
            while (found := re.search(r'"open": ?"([^"]+)"', self.log.read_text())) is None:
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)
        return found[1]


@asynccontextmanager
async def started(folder: Path, model: ScriptedModel) -> AsyncIterator[Server]:
    port = free_port()
    spec = {
        "provider": "anthropic", "api": "messages", "context": 200_000,
        "max_output": 32_000, "input_price": 1.0, "output_price": 5.0,
    }  # fmt: skip
    roles = {role: ["thinker"] for role in ("fix", "review", "verify", "cheap")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FORGEHAND_", "ANTHROPIC_"))}
    environment = kept | {
        "FORGEHAND_DATA_DIR": str(folder / "data"),
        "FORGEHAND_PORT": str(port),
        "FORGEHAND_MODELS": json.dumps({"thinker": spec}),
        "FORGEHAND_ROLES": json.dumps(roles),
        "ANTHROPIC_BASE_URL": model.anthropic_url,
    }
    log = folder / "bot.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "bot.cli", "serve"]
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=output, stderr=output)
    try:
        yield Server(process, log, port)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@dataclass
class Watch:
    """How often somebody clicked or filled a field, and for how many seconds; what tests look at is no part of it."""

    began: float = field(default_factory=time.monotonic)
    clicks: int = 0
    fields: int = 0
    looked: float = 0.0

    async def follow(self, page: Page) -> None:
        """Count what is done on a page."""
        for name in ("clicks", "fields"):
            await page.expose_function(f"count_{name}", lambda name=name: setattr(self, name, getattr(self, name) + 1))
        await page.add_init_script(_COUNT)

    def __str__(self) -> str:
        seconds = time.monotonic() - self.began - self.looked
        return f"{self.clicks} clicks and {self.fields} filled fields in {seconds:.0f} s"


async def look(page: Page, name: str) -> None:
    """Examine the page; keep its picture for the guide."""
    tab = Tab(page)
    began = time.monotonic()
    await tab.look(name)
    WATCH.get().looked += time.monotonic() - began
    assert not tab.faults, "\n".join(tab.faults)
    if os.environ.get("FORGEHAND_PICTURES"):
        await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        await page.emulate_media(color_scheme="light")
        top = {"x": 0, "y": 0, "width": 1280, "height": 700}
        await page.screenshot(path=PICTURES / f"setup-{name}.png", clip=top)


async def register(page: Page, server: Server, hub: Hub) -> None:
    """From the line in the log to the App that GitHub made."""
    invitation = await server.invitation()
    refused = await page.goto(f"http://127.0.0.1:{server.port}/room")
    assert refused is not None
    assert refused.status == 403
    await page.goto(invitation)
    assert page.url.endswith("/setup"), "the code is out of the address"
    await expect(page.get_by_role("heading", level=1)).to_have_text("Where can GitHub reach this server?")
    await page.get_by_label("Public address", exact=True).fill("https://nobody.invalid")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("does not answer this server")).to_be_visible()
    await page.reload()
    await page.get_by_label("Public address", exact=True).fill(f"http://127.0.0.1:{server.port}")
    await look(page, "address")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("radio", name="GitHub Enterprise Server").check()
    await page.get_by_label("Its address").fill(hub.url)
    await page.get_by_role("radio", name="An organisation").check()
    await page.locator("#organization").fill("octo")
    await page.get_by_label("Name of the App").fill("forgehand-octo")
    await look(page, "where")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("checkbox", name="Heal failing CI").check()
    await look(page, "rights")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("actions: write")).to_be_visible()
    await look(page, "create")
    await page.get_by_role("button", name="Create it on GitHub").click()
    await page.get_by_role("button", name="Create GitHub App").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Install the App", timeout=PATIENCE * 1000)
    assert server.process.returncode is None, "the same process"


async def install(page: Page, hub: Hub) -> None:
    """Choose the repository at GitHub, and come back."""
    await page.get_by_role("link", name="Choose repositories on GitHub").click()
    await page.get_by_label("octo/shop").check()
    await page.get_by_role("button", name="Install").click()
    await expect(page.get_by_role("status")).to_contain_text("GitHub says that it is installed: octo")
    await expect(page.get_by_role("cell", name="octo/shop")).to_be_visible()
    await look(page, "install")
    await page.get_by_role("link", name="Continue").click()


async def give_model(page: Page) -> None:
    """A key that is refused is told; one that works is kept."""
    await page.get_by_label("Key", exact=True).fill("sk-ant-api03-not-the-right-key")
    await page.get_by_role("button", name="Test and keep it").click()
    await expect(page.get_by_role("alert")).to_contain_text("The provider does not accept the key")
    await page.get_by_label("Key", exact=True).fill(KEY)
    await page.get_by_role("button", name="Test and keep it").click()
    await expect(page.get_by_role("heading", name="The key works")).to_be_visible()
    assert KEY not in await page.content()
    await look(page, "model")
    await page.get_by_role("link", name="Continue").click()


async def check(page: Page) -> None:
    """The doctor finds nothing, and a ping of GitHub's was seen."""
    await expect(page.get_by_text("The doctor has not looked yet.")).to_be_visible()
    for _ in range(3):  # GitHub is asked for its ping again when the bot starts
        await page.get_by_role("button", name=re.compile("Check")).click()
        await expect(page.get_by_role("status").last).to_contain_text("Looked at", timeout=PATIENCE * 1000)
        if await page.locator(".findings .badge:not(.ok)").count() == 0:
            break
    assert await page.locator(".findings li:has(.badge:not(.ok))").all_inner_texts() == []
    for said in ("Ping", "thinker was asked", "issues: write", "clock agrees", "works: a command ran in it"):
        await expect(page.locator(".findings")).to_contain_text(said)
    await look(page, "check")
    await page.get_by_role("link", name="Continue").click()


async def try_out(page: Page, hub: Hub, repository: Repository, mara: Account) -> None:
    """A throw-away issue, a comment by a person, an answer."""
    await page.get_by_role("button", name="Open the issue").click()
    await expect(page.get_by_role("link", name="Open issue #1")).to_be_visible()
    url = f"{hub.api_url}/repos/{repository.full_name}/issues/1/comments"
    asked = {"body": "/ask What does this repository do?"}
    said = await page.request.post(url, data=asked, headers={"Authorization": f"token {mara.token}"})
    assert said.status == 201
    await expect(page.locator(".badge.done")).to_be_visible(timeout=PATIENCE * 1000)
    await look(page, "first")
    await page.get_by_role("link", name="See what else it does").click()
    await look(page, "tour")
    await page.goto(page.url.replace("/tour", "/health"))
    await look(page, "health")


@pytest.mark.needs("chromium", "sandbox")
async def test_from_the_first_start_to_a_checked_server(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, text in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    async with (
        ScriptedModel(Script.load(RULES)) as model,
        Hub.start(tmp_path / "hub") as hub,
        started(tmp_path, model) as server,
        browsing() as browser,
    ):
        context = await browser.new_context()
        context.set_default_timeout(PATIENCE * 1000)
        tab = await open_tab(context)
        page = tab.page
        watch = Watch()
        WATCH.set(watch)
        await watch.follow(page)
        model.keys, model.models = {KEY: ""}, ["thinker"]
        mara = hub.create_user("mara")
        repository = hub.create_repository("octo/shop", source=source)
        hub.set_permission(repository, "mara", "admin")
        await register(page, server, hub)
        await install(page, hub)
        await give_model(page)
        await check(page)
        told = str(watch)
        await try_out(page, hub, repository, mara)
        assert (await page.request.get(f"http://127.0.0.1:{server.port}/setup")).status == 404
        assert not [said for said in tab.faults if not re.search("status of (403|404|409|503)", said)]
        assert not any(secret in server.log.read_text() for secret in (KEY, "PRIVATE KEY"))
        print(f"from the first page to a doctor without findings: {told}")
