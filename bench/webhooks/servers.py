"""The two servers under test, each a process of its own in front of the same simulated GitHub."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from simhub import AppCredentials, Hub

SECRET = "a secret for the bench"
_HERE = Path(__file__).parent
_REAPER = _HERE.parent / "reaper.py"
_PROBOT = Path(".bench/probot").resolve()
_KB_A_MB = 1024
_REST_SECONDS = 1.0
_RESTING = 0.1  # of one processor


@dataclass(frozen=True)
class Server:
    """A running server. ``alive`` is the path that is asked to see how quickly it answers while it works."""

    name: str
    port: int
    webhook: str
    alive: str
    process: asyncio.subprocess.Process

    def rss_mb(self) -> float:
        """Resident memory of the process and its children."""
        return sum(_rss(pid) for pid in [self.process.pid, *_children(self.process.pid)]) / _KB_A_MB

    def cpu_s(self) -> float:
        """Return the processor seconds of a process and its children, ended too."""
        return sum(_ticks(pid) for pid in [self.process.pid, *_children(self.process.pid)]) / os.sysconf("SC_CLK_TCK")

    def processor_s(self) -> float:
        """Return the processor seconds of the process alone, to the microsecond."""
        return time.clock_gettime((~self.process.pid << 3) | 2)  # the clock of Linux that is of a process

    async def at_rest(self) -> None:
        """Return once it has next to nothing to do: what one measurement left behind is no part of the next."""
        burnt = self.cpu_s()
        while True:
            await asyncio.sleep(_REST_SECONDS)
            before, burnt = burnt, self.cpu_s()
            if burnt - before < _RESTING * _REST_SECONDS:
                return


def install_probot() -> None:
    """Install the peer into ``.bench/probot`` unless that very version is there. Needs npm."""
    if shutil.which("npm") is None:
        sys.exit("This bench compares with Probot and needs node and npm; install Node.js 20 or later.")
    wanted = (_HERE / "probot" / "package.json").read_bytes()
    _PROBOT.mkdir(parents=True, exist_ok=True)
    installed = _PROBOT / "package.json"
    if not installed.is_file() or installed.read_bytes() != wanted or not (_PROBOT / "node_modules/probot").is_dir():
        installed.write_bytes(wanted)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=_PROBOT, check=True)
    shutil.copy(_HERE / "probot" / "app.mjs", _PROBOT / "app.mjs")


@asynccontextmanager
async def forgehand(hub: Hub, app: AppCredentials, folder: Path, port: int) -> AsyncIterator[Server]:
    """Run the whole bot, ``forgehand serve``, workers included."""
    async with serving(hub, app, folder, port, {"FORGEHAND_SANDBOX": "none"}) as server:
        yield server


@asynccontextmanager
async def serving(
    hub: Hub, app: AppCredentials, folder: Path, port: int, settings: Mapping[str, str], build: Path | None = None
) -> AsyncIterator[Server]:
    """``forgehand serve`` as an operator starts it, in front of ``hub``, with ``settings`` beside what it needs.

    ``build`` is the folder whose code runs, this one by default; then what sandboxes use counts as the server's.
    """
    environment = {
        "FORGEHAND_APP_ID": str(app.app_id),
        "FORGEHAND_PRIVATE_KEY": str(key_file(app, folder)),
        "FORGEHAND_WEBHOOK_SECRET": SECRET,
        "FORGEHAND_API_URL": hub.api_url,
        "FORGEHAND_WEB_URL": hub.url,
        "FORGEHAND_DATA_DIR": str(folder / "data"),
        "FORGEHAND_PORT": str(port),
    }
    command = [*([sys.executable, str(_REAPER)] if build else []), sys.executable, "-m", "bot.cli", "serve"]
    async with running(command, {**environment, **settings}, folder / "forgehand.log", build) as process:
        yield await answering(Server("forgehand", port, "/webhook", "/healthz", process), "/readyz")


@asynccontextmanager
async def probot(hub: Hub, app: AppCredentials, folder: Path, port: int) -> AsyncIterator[Server]:
    """Probot with its own defaults, logging to a file as we do."""
    environment = {
        "APP_ID": str(app.app_id),
        "PRIVATE_KEY_PATH": str(key_file(app, folder)),
        "WEBHOOK_SECRET": SECRET,
        "GHE_HOST": hub.url.removeprefix("http://"),
        "GHE_PROTOCOL": "http",
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "NODE_ENV": "production",
        "LOG_FORMAT": "json",
    }
    command = ["node", str(_PROBOT / "node_modules/probot/bin/probot.js"), "run", str(_PROBOT / "app.mjs")]
    async with running(command, environment, folder / "probot.log") as process:
        yield await answering(Server("probot", port, "/api/github/webhooks", "/ping", process), "/ping")


@asynccontextmanager
async def running(
    command: list[str], environment: Mapping[str, str], log: Path, cwd: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **environment}, cwd=cwd, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def answering(server: Server, path: str) -> Server:
    """Wait until it answers ``path`` with anything but an error of the server."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            if server.process.returncode is not None:
                sys.exit(f"{server.name} ended by itself; its log is beside its data.")
            try:
                async with session.get(f"http://127.0.0.1:{server.port}{path}") as answer:
                    if answer.status < 500:
                        return server
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


def key_file(app: AppCredentials, folder: Path) -> Path:
    path = folder / "key.pem"
    path.touch(0o600)
    path.write_text(app.private_key)
    return path


def _ticks(pid: int) -> int:
    """Clock ticks of a process and of the children it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))


def _rss(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)


def _children(pid: int) -> list[int]:
    own: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            own += map(int, path.read_text().split())
    return own + [grandchild for child in own for grandchild in _children(child)]
