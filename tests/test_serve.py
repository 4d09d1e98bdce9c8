"""An operator's bad days: `serve` ends, or goes on, with words that say what to do; `/readyz` tells the truth."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
import sqlalchemy as sa

from bot.local.hosting import free_port, manifest_rights
from bot.sealing.local import FILE
from bot.serving import serve, work
from bot.settings import Settings
from bot.settings_sources import SettingsError
from bot.store import datadir
from bot.store.database import create_engine
from simhub import Hub
from tests.doctor.test_signals import keep
from tests.support.databases import new_sqlite
from tests.support.keys import key_pair
from tests.support.patience import PATIENCE
from tests.support.terminal import typed

PASSWORD = "hidden-password"


@dataclass
class Server:
    """A hub with an App, and servers for it that are ended with the test."""

    hub: Hub
    folder: Path
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    running: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, **settings: str) -> asyncio.subprocess.Process:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FORGEHAND_", "OPENAI_"))}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", "serve",
            env=kept | {"ANTHROPIC_API_KEY": ""} | self.settings | {"FORGEHAND_PORT": str(self.port)} | settings,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            # Whoever runs the tests under nohup has it ignored, and hands that down.
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )  # fmt: skip
        self.running.append(process)
        return process

    async def until_lacking(self, *parts: str) -> None:
        """Wait until `/readyz` says that these parts, and no others, are not ready."""
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                        lacking = {name for name, state in (await answer.json()).items() if state != "ok"}
                        if lacking == set(parts) and answer.status == (503 if parts else 200):
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Hub.start(tmp_path / "hub") as hub:
        app = hub.create_app(
            "forgehand", "https://bot.example.org/webhook", "a secret", key_pair=key_pair(), **manifest_rights()
        )
        (tmp_path / "key.pem").write_text(app.private_key)
        settings = {
            "FORGEHAND_APP_ID": str(app.app_id),
            "FORGEHAND_PRIVATE_KEY": str(tmp_path / "key.pem"),
            "FORGEHAND_WEBHOOK_SECRET": "a secret",
            "FORGEHAND_API_URL": hub.api_url,
            "FORGEHAND_WEB_URL": hub.url,
            "FORGEHAND_DATA_DIR": str(tmp_path / "data"),
        }
        server = Server(hub, tmp_path, settings)
        yield server
        for process in server.running:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def said_by(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    async with asyncio.timeout(PATIENCE):
        output = (await process.communicate())[0].decode()
    assert "Traceback" not in output
    return process.returncode, output


async def refuses(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def refused(settings: dict[str, str]) -> tuple[int | None, str]:
    """The end of a server that does not start; it takes a process that has imported the bot."""
    said = await typed("serve", **settings)
    output = said.out + said.err
    assert "Traceback" not in output
    return said.code, output


async def test_what_is_in_use_already_is_named(server: Server) -> None:
    page = free_port()
    first = await server.start(FORGEHAND_METRICS_PORT=str(page))
    await server.until_lacking()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{page}/metrics") as answer:
            assert "forgehand_last_beat_timestamp_seconds 1" in await answer.text()
        for elsewhere in (f"{server.port}/metrics", f"{page}/readyz"):
            async with session.get(f"http://127.0.0.1:{elsewhere}") as answer:
                assert answer.status == 404
    assert (server.folder / "data").stat().st_mode & 0o077 == 0

    taken = server.settings | {"FORGEHAND_PORT": str(server.port)}
    same_database = await refused(taken | {"FORGEHAND_PORT": str(free_port())})
    same_port = await refused(taken | {"FORGEHAND_DATA_DIR": str(server.folder / "other")})
    assert same_database[0] == same_port[0] == 1
    assert "Another process uses" in same_database[1]
    assert f"Cannot listen on 127.0.0.1, port {server.port} (Address already in use)" in same_port[1]
    assert "choose another address with --host and --port" in same_port[1]

    first.send_signal(signal.SIGTERM)
    code, log = await said_by(first)
    assert code == 0
    assert "a model cannot be asked" in log
    assert "set ANTHROPIC_API_KEY or OPENAI_API_KEY" in log
    assert "stopping" in log


async def test_who_connects_while_it_stops_is_refused_at_once(server: Server) -> None:
    """A proxy that is refused asks another server; one that waits has its client give up."""
    process = await server.start(FORGEHAND_SANDBOX="none")
    await server.until_lacking()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    headers = ["Host: x", f"X-GitHub-Delivery: {uuid4()}", "X-GitHub-Event: ping", "Content-Type: application/json"]
    headers += [f"X-Hub-Signature-256: sha256={'0' * 64}", "Content-Length: 9"]
    writer.write("\r\n".join(["POST /webhook HTTP/1.1", *headers, "", "{"]).encode())  # the rest never comes
    answer = asyncio.create_task(reader.read())
    async with asyncio.timeout(PATIENCE):
        assert process.stdout is not None
        process.send_signal(signal.SIGTERM)
        while b'"stopping"' not in await process.stdout.readline():
            pass
        while not await refuses(server.port):
            pass
        assert not answer.done(), "what had begun is still answered"
        await answer
    writer.close()
    assert (await said_by(process))[0] == 0


async def test_with_wrong_keys_it_is_not_ready_and_a_hang_up_ends_it_in_order(server: Server) -> None:
    (server.folder / "key.pem").write_text(server.hub.create_app("other").private_key)
    data = server.folder / "data"
    data.mkdir()
    new_sqlite(data / "forgehand.db")
    await keep(Settings(data_dir=data), "one", seen=None)
    (data / FILE).write_text(base64.b64encode(bytes(32)).decode())
    process = await server.start(FORGEHAND_SANDBOX="none")
    await server.until_lacking("credentials")
    process.send_signal(signal.SIGHUP)
    code, log = await said_by(process)
    assert code == 0
    assert "Check the App id, the private key and this machine's clock." in log
    assert "no repository code can run, so nothing can be fixed" in log
    assert "something that is sealed cannot be opened" in log
    assert "put the other one back, or set the secret anew" in log


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (
            {"FORGEHAND_DATABASE_URL": f"postgresql://bot:{PASSWORD}@127.0.0.1:1/forgehand"},
            1,
            "cannot be used: connection failed",
        ),
        ({"FORGEHAND_DATA_DIR": "/proc/nowhere"}, 2, "or set FORGEHAND_DATA_DIR"),
        ({"FORGEHAND_PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"}, 2, "download a new one"),
    ],
)
async def test_it_does_not_start_without_what_it_needs(
    rsa_key: str, tmp_path: Path, wrong: dict[str, str], code: int, said: str
) -> None:
    healthy = {"APP_ID": "7", "PRIVATE_KEY": rsa_key, "WEBHOOK_SECRET": "a secret", "DATA_DIR": str(tmp_path)}
    ended, output = await refused({f"FORGEHAND_{name}": value for name, value in healthy.items()} | wrong)
    assert ended == code, output
    assert said in output
    assert PASSWORD not in output


@pytest.mark.parametrize(
    ("workers", "doors", "said"), [(0, True, "need PostgreSQL"), (4, False, "need PostgreSQL"), (0, False, "nothing")]
)
async def test_doors_and_workers_apart_need_one_another(
    rsa_key: str, tmp_path: Path, workers: int, doors: bool, said: str
) -> None:
    settings = Settings(app_id=7, private_key=rsa_key, webhook_secrets="a", data_dir=tmp_path, workers=workers)
    with pytest.raises(SettingsError, match=said):
        await (serve if doors else work)(settings)


def test_a_full_disk_has_no_room() -> None:
    assert datadir.has_room(Path("/"))
    assert not datadir.has_room(Path("/proc"))


def test_a_database_of_a_newer_program_is_refused_in_words(tmp_path: Path) -> None:
    from bot.store.database import StoreError
    from bot.store.store import Store

    store = Store(create_engine(f"sqlite:///{tmp_path / 'forgehand.db'}"))
    store.migrate()
    assert store.is_current()
    store.run_sync(lambda connection: connection.execute(sa.text("update fh_alembic_version set version_num='9999'")))
    with pytest.raises(StoreError, match="by a newer Forgehand"):
        store.migrate()
    store.close()


@pytest.fixture(scope="module")
def rsa_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    no_password = serialization.NoEncryption()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, no_password
    ).decode()
