"""A story: the simulated GitHub, a scripted model and the bot as a real server process, driven as people would."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.github.text.markers import markers_in, without_markers
from bot.local.hosting import free_port, manifest_rights
from simhub import AppCredentials, Hub
from simhub.model import Account, Repository
from simhub.scripted_model import Script, ScriptedModel
from tests.support import forks, shelves
from tests.support.audited import check_journal
from tests.support.databases import new_sqlite
from tests.support.keys import key_pair
from tests.support.notrun import need
from tests.support.patience import PATIENCE

_LONGEST = 4 * PATIENCE  # for a bot that has not fallen silent
SECRET = "It's a Secret to Everybody"
LABEL = "ai-bug-fix"
MODELS = {
    "thinker": {"input_price": 1.0, "output_price": 5.0},
    "checker": {"input_price": 1.0, "output_price": 5.0},
    "spare": {"input_price": 0.1, "output_price": 0.5},
}


@dataclass
class Story:
    """Everything a test needs to tell one story and to look at how it ended."""

    root: Path
    hub: Hub
    model: ScriptedModel
    app: AppCredentials
    repository: Repository
    maintainer: Account
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: forks.Forked | None = None
    command: str = "serve"

    @property
    def script(self) -> Script:
        return self.model.script

    @property
    def log(self) -> str:
        path = self.root / "bot.log"
        return path.read_text() if path.exists() else ""

    @property
    def model_settings(self) -> dict[str, str]:
        """The settings that let the scripted model answer, whatever the role."""
        models = {
            name: {
                "provider": "anthropic",
                "api": "messages",
                "base_url": self.model.anthropic_url,
                "context": 200_000,
                "max_output": 32_000,
                **price,
            }
            for name, price in MODELS.items()
        }
        roles = {"fix": ["thinker"], "review": ["thinker"], "verify": ["checker"], "cheap": ["thinker"]}
        return {
            "FORGEHAND_MODELS": json.dumps(models),
            "FORGEHAND_ROLES": json.dumps(roles),
            "ANTHROPIC_API_KEY": "sk-ant-api03-scripted-key-of-the-tests",
        }

    @property
    def settings(self) -> dict[str, str]:
        """The settings of the bot's process."""
        return {
            "FORGEHAND_APP_ID": str(self.app.app_id),
            "FORGEHAND_CLIENT_ID": self.app.client_id,
            "FORGEHAND_CLIENT_SECRET": self.app.client_secret,
            "FORGEHAND_PRIVATE_KEY": str(self.root / "key.pem"),
            "FORGEHAND_WEBHOOK_SECRET": SECRET,
            "FORGEHAND_API_URL": self.hub.api_url,
            "FORGEHAND_WEB_URL": self.hub.url,
            "FORGEHAND_DATA_DIR": str(self.root / "data"),
            "FORGEHAND_PORT": str(self.port),
            "FORGEHAND_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            **self.model_settings,
            **self.environment,
        }

    async def start_bot(self) -> None:
        """Start the bot as a process and wait until it says that it is ready."""
        (self.root / "key.pem").write_text(self.app.private_key)
        with (self.root / "bot.log").open("ab") as output:
            self.process = forks.forker().fork([self.command], {**os.environ, **self.settings}, output)
        await self.until(self._is_up, what="the bot is ready")

    async def _is_up(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError(f"the bot has ended with {self.process.returncode}\n--- log\n{self.log[-6000:]}")
        return await self.is_ready()

    async def kill_bot(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop_bot(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    def check_journal(self) -> None:
        """Hold the App's writes against the journal of a bot that has stopped."""
        file = f"sqlite:///{self.root / 'data' / 'forgehand.db'}"
        check_journal(self.hub, self.app.bot_login, self.environment.get("FORGEHAND_DATABASE_URL", file))

    async def request(self, method: str, path: str, body: Any = None, *, by: Account | None = None) -> Any:
        """A REST call as a person (the maintainer by default)."""
        headers = {"Authorization": f"token {(by or self.maintainer).token}"}
        url = f"{self.hub.api_url}/repos/{self.repository.full_name}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, json=body, headers=headers) as response,
        ):
            text = await response.text()
            assert response.status < 400, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text else None

    async def file(self, title: str, body: str, *, label: str | None = LABEL, by: Account | None = None) -> int:
        """File an issue and label it; its number."""
        number = (await self.request("POST", "/issues", {"title": title, "body": body}, by=by))["number"]
        if label:
            await self.label(number, label)
        return int(number)

    async def label(self, number: int, label: str = LABEL, *, by: Account | None = None) -> None:
        await self.request("POST", f"/issues/{number}/labels", {"labels": [label]}, by=by)

    async def comments(self, number: int) -> dict[str, list[str]]:
        """The bot's comments by part (``status``, ``final``, ``refused``), without their markers."""
        found: dict[str, list[str]] = {}
        for comment in await self.request("GET", f"/issues/{number}/comments"):
            if comment["user"]["id"] == self.app.bot_id:
                for marker in markers_in(comment["body"]):
                    found.setdefault(marker.part, []).append(without_markers(comment["body"]))
        return found

    def shown(self, number: int, part: str) -> list[str]:
        """The bot's comments of one part, asked of the hub itself: cheap enough to look at all the time."""
        ours = (each.body for each in self.repository.issues[number].comments if each.user.id == self.app.bot_id)
        return [without_markers(body) for body in ours if any(marker.part == part for marker in markers_in(body))]

    async def status(self, number: int) -> str:
        return ((await self.comments(number)).get("status") or [""])[-1]

    async def until_status(self, number: int, *starts: str) -> str:
        """Wait until the status comment starts with one of ``starts``."""

        def look() -> bool:
            return (self.shown(number, "status") or [""])[-1].startswith(starts)

        await self.until(look, what=f"status starts with {starts}", show=lambda: self.status(number))
        return await self.status(number)

    async def pulls(self) -> list[dict[str, Any]]:
        return list(await self.request("GET", "/pulls?state=all"))

    async def until(self, condition: Callable[[], Any], *, what: str, show: Callable[[], Any] | None = None) -> None:
        """Poll until ``condition`` (plain or async) holds, while the bot's log goes on; failing, show the log."""
        began = heard = time.monotonic()
        written = self._written()
        while (now := time.monotonic()) < min(heard + PATIENCE, began + _LONGEST):
            if (size := self._written()) != written:
                written, heard = size, now
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            if self.process is not None and self.process.returncode not in (None, -signal.SIGKILL):
                break
            await asyncio.sleep(0.05)
        seen = (await show()) if show else ""
        raise AssertionError(f"not within {now - began:.0f} s: {what}\n{seen}\n--- log\n{self.log[-6000:]}")

    def _written(self) -> int:
        path = self.root / "bot.log"
        return path.stat().st_size if path.exists() else 0

    async def is_ready(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def told(root: Path, source: Path, rules: list[dict[str, Any]], **environment: str) -> AsyncIterator[Story]:
    """A story with the bot running and installed on ``octo/sample``; ``environment`` adds settings.

    The bot runs as it is deployed, with its sandbox; where that does not work, the test is skipped.
    """
    need("sandbox")
    async with ScriptedModel(Script.load(rules)) as model, Hub.start(root / "hub") as hub:
        maintainer = hub.create_user("mara")
        repository = hub.create_repository("octo/sample", source=source)
        hub.set_permission(repository, "mara", "admin")
        app = hub.create_app(name="forgehand", webhook_secret=SECRET, key_pair=key_pair(), **manifest_rights())
        port = free_port()
        app.webhook_url = f"http://127.0.0.1:{port}/webhook"
        (root / "data").mkdir(mode=0o700)
        new_sqlite(root / "data" / "forgehand.db")
        shelves.lend(root / "data", repository.id)
        story = Story(root, hub, model, app, repository, maintainer, port, dict(environment))
        try:
            await story.start_bot()
            hub.install(app, owner="octo", repositories=[repository])
            await hub.settled()
            yield story
        finally:
            await story.stop_bot()
            shelves.collect(root / "data", repository.id)
