"""Start and stop simhub and, as a real server process, the bot."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.models.providers import FEDERATION_VARIABLES, PROVIDERS
from bot.settings import Settings, load_settings
from bot.store.database import create_engine
from bot.store.store import Store
from bot.toolchains.workspace import remove_tree
from bot.types import ForgehandError
from simhub import AppCredentials, Hub
from simhub.model import Account, Repository

_READY_SECONDS = 300.0  # only ends what hangs: one that fails ends by itself, and a busy machine needs its time
_SERVER_PORTS = range(20_000, 32_768)  # Linux gives those from 32768 to clients, macOS those from 49152
_PORT_TRIES = 100


class LocalError(ForgehandError):
    """A failure of a local run, with the last lines of the bot's log."""


@dataclass(frozen=True)
class LocalRun:
    """A running simulated GitHub with its bot."""

    hub: Hub
    app: AppCredentials
    repository: Repository
    person: Account  # may do everything
    bot_url: str
    log: Path  # the bot's, as ``store``
    store: Store
    bot: asyncio.subprocess.Process

    def install(self) -> None:
        """Install the App; the bot hears of nothing that happened before."""
        self.hub.install(self.app, owner=self.person.login, repositories=[self.repository])

    def log_tail(self) -> str:
        """Return the path of the bot's log, and its last lines."""
        return _tail(self.log)

    async def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Make one REST call as ``person`` and return the decoded answer."""
        headers = {"Authorization": f"token {self.person.token}", "Accept": "application/vnd.github+json"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.hub.api_url}{path}", json=body, headers=headers) as response,
        ):
            answer = await response.json()
            if response.status >= 400:
                raise LocalError(f"{method} {path}: {response.status} {answer.get('message')}")
            return answer


@contextmanager
def work_folder(name: str) -> Iterator[Path]:
    """Provide a temporary folder, kept for its log if the run fails."""
    folder = Path(tempfile.mkdtemp(prefix=f"forgehand-{name}-"))
    kept = False
    try:
        yield folder
    except ForgehandError:
        kept = True
        raise
    finally:
        if not kept:
            remove_tree(folder)


@asynccontextmanager
async def local_run(
    root: Path, *, name: str, source: Path, shared: bool, port: int, environment: Mapping[str, str]
) -> AsyncIterator[LocalRun]:
    """Host ``source`` as ``name`` and run the bot, not yet installed there."""
    hub = await Hub.start(root / "hub", port=port)
    try:
        person = hub.create_user(name.partition("/")[0])
        repository = hub.create_repository(name, source=source, shared=shared)
        app = hub.create_app(
            name="forgehand", webhook_url=None, webhook_secret=secrets.token_hex(20), **manifest_rights()
        )
        bot_port = free_port()
        bot_url = f"http://127.0.0.1:{bot_port}"
        app.webhook_url = f"{bot_url}/webhook"
        log = root / "bot.log"
        process = await _start_bot(root, hub, app, bot_port, log, environment)
        try:
            await _until_ready(bot_url, process, log)
            # Not what Settings() says: the environment may be that of a server that runs here.
            store = Store(create_engine(f"sqlite:///{root / 'data' / 'forgehand.db'}"))
            try:
                yield LocalRun(hub, app, repository, person, bot_url, log, store, process)
            finally:
                store.close()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
    finally:
        await hub.close()


def manifest_rights() -> dict[str, Any]:
    """Return the rights that the App on github.com would have (``app.yml``)."""
    from bot.github.resources.manifest import load_manifest

    manifest = load_manifest()
    return {"permissions": manifest.levels(), "events": manifest.event_names()}


def free_port() -> int:
    """Return a port that is free now.

    It is none of those that systems hand out to whoever connects somewhere: such a port could be taken before a server
    has it.
    """
    for _ in range(_PORT_TRIES):
        port = secrets.choice(_SERVER_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise LocalError(f"No free port was found between {_SERVER_PORTS[0]} and {_SERVER_PORTS[-1]}; try again.")


def _provider_variables(settings: Settings) -> dict[str, str | None]:
    variables: dict[str, str | None] = {}
    for provider in PROVIDERS.values():
        key = settings.provider_key(provider.name)
        if provider.key_variable is not None:
            variables[provider.key_variable] = None if key is None else key.get_secret_value()
        if provider.url_variable is not None:
            variables[provider.url_variable] = settings.provider_url(provider.name)
    for variable in (*FEDERATION_VARIABLES, "GOOGLE_APPLICATION_CREDENTIALS"):
        given = getattr(settings, variable.lower())
        variables[variable] = None if given is None else str(given)
    return variables


def bot_environment(settings: Settings) -> dict[str, str]:
    """Return our environment without the settings of a server running here.

    Only models, checks and money are kept. Its database, App, secrets and folders are of no concern to a bot that works
    for a GitHub of its own.
    """
    kept: dict[str, Any] = {
        "FORGEHAND_MODELS": {name: model.model_dump(exclude_none=True) for name, model in settings.models.items()},
        "FORGEHAND_PROVIDERS": {
            name: place.model_dump(exclude_none=True) for name, place in settings.providers.items()
        },
        "FORGEHAND_ROLES": settings.roles,
        "FORGEHAND_STRATEGIES": settings.strategies,
        "FORGEHAND_BUDGET": settings.budget.model_dump(),
        "FORGEHAND_CHECKS": settings.checks.model_dump(exclude_unset=True),
        "FORGEHAND_REGISTRIES": settings.registries,
    }
    plain = {
        "FORGEHAND_INDEX_URL": settings.index_url,
        "FORGEHAND_MAVEN_MIRROR": settings.maven_mirror,
        **_provider_variables(settings),
    }
    ours = {name: value for name, value in os.environ.items() if not name.upper().startswith("FORGEHAND_")}
    return (
        ours
        | {name: json.dumps(value) for name, value in kept.items()}
        | {name: value for name, value in plain.items() if value}
    )


async def _start_bot(
    root: Path, hub: Hub, app: AppCredentials, port: int, log: Path, environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    key = root / "private-key.pem"
    key.touch(mode=0o600)
    key.write_text(app.private_key)
    settings = {
        "FORGEHAND_APP_ID": str(app.app_id),
        "FORGEHAND_PRIVATE_KEY": str(key),
        "FORGEHAND_WEBHOOK_SECRET": app.webhook_secret,
        "FORGEHAND_API_URL": hub.api_url,
        "FORGEHAND_WEB_URL": hub.url,
        "FORGEHAND_DATA_DIR": str(root / "data"),
        "FORGEHAND_PORT": str(port),
        "FORGEHAND_HOST": "127.0.0.1",
        **environment,
    }
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.cli",
            "serve",
            env=bot_environment(load_settings()) | settings,
            stdout=output,
            stderr=output,
        )


async def _until_ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
    async with aiohttp.ClientSession() as session:
        while asyncio.get_running_loop().time() < deadline and process.returncode is None:
            try:
                async with session.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise LocalError(f"The bot did not come up. {_tail(log)}")


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f"The last lines of {log}:", *lines])
