"""The room behind nginx, with the configuration that is recommended: forms, foreign pages, streams."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from bot.local.hosting import free_port
from bot.store import tasks
from tests.e2e.conftest import SAMPLE
from tests.support import alertmanager, published
from tests.support.api import asker, opened
from tests.support.patience import PATIENCE
from tests.support.room import Visitor, visitor
from tests.support.within import within

_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@asynccontextmanager
async def nginx(folder: Path, port: int, behind: int) -> AsyncIterator[None]:
    """nginx on a port of this machine, by our file but without TLS."""
    program = alertmanager.find("nginx")
    assert program is not None
    server = (published.ROOT / "deploy" / "nginx.conf").read_text()
    server = re.sub(r"^ *ssl_.*\n", "", server, flags=re.MULTILINE).replace("443 ssl http2", f"127.0.0.1:{port}")
    server = server.replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    places = "".join(f"{name}_temp_path {folder / name};" for name in _FOLDERS)
    log = folder / "nginx.log"
    # where tests run as root, nobody else may write into their folders
    top = f"user root; daemon off; pid {folder / 'pid'}; error_log {log}; events {{}}"
    (folder / "nginx.conf").write_text(f"{top}\nhttp {{ access_log off; gzip on; {places}\n{server}}}\n")
    process = await asyncio.create_subprocess_exec(program, "-e", str(log), "-c", str(folder / "nginx.conf"))
    try:
        async with asyncio.timeout(PATIENCE):
            while not await _answers(port):
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@pytest.mark.needs("nginx")
async def test_forms_and_streams_pass_nginx_and_what_foreign_pages_send_does_not(tmp_path: Path) -> None:
    port = free_port()
    async with (
        within(tmp_path, SAMPLE, administrators=["mara"], public_url=f"http://127.0.0.1:{port}") as story,
        nginx(tmp_path, port, story.port),
    ):
        number = await story.file("Cents are lost", "B", label=None)
        task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
        mara = Visitor(replace(story, port=port), (await visitor(story, story.maintainer)).cookies)
        forged = {"Origin": "https://elsewhere.example", "X_Forwarded_Host": "elsewhere.example"}
        assert (await mara.post(f"/room/tasks/{task}/cancel", **forged)).status == 403
        jar = aiohttp.CookieJar(unsafe=True)  # addresses of numbers have cookies too
        async with (
            asyncio.timeout(PATIENCE),
            aiohttp.ClientSession(cookies=mara.cookies, cookie_jar=jar) as session,
            session.get(f"{mara.origin}/room/tasks/{task}/live?after=0") as stream,
        ):
            assert stream.content_type == "text/event-stream"
            with opened(story) as store:
                said = {"stage": "read", "state": "started", "text": "through nginx"}
                store.run_sync(tasks.add_event, task, "stage", said)
            while b"through nginx" not in await stream.content.readany():
                pass
        assert (await mara.post(f"/room/tasks/{task}/cancel")).status == 303
        large = await mara.ask("POST", "/webhook", b"x" * 20_000_000)
        assert large.status == 401, "GitHub's largest deliveries come to the bot"
