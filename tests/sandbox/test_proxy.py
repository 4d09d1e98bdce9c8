"""The registry proxy: what it tunnels, what it refuses, and that credentials stay on its side."""

from __future__ import annotations

import asyncio
import base64
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.sandbox.index import Index, make_url_inside
from bot.sandbox.process import Process
from bot.sandbox.proxy import RegistryProxy, connect_through, find_certificates, list_allowed_hosts
from bot.settings import Settings
from tests.sandbox.conftest import Shell
from tests.support.patience import PATIENCE

Chunks = list[bytes]


async def ask(proxy: RegistryProxy, data: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(proxy.socket))
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    writer.close()
    return answer


@asynccontextmanager
async def echo_server(seen: Chunks) -> AsyncIterator[int]:
    """Answers each line with itself, in capitals."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            seen.append(line)
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_an_allowed_host_is_tunnelled_both_ways() -> None:
    seen: Chunks = []
    async with echo_server(seen) as port, RegistryProxy(frozenset({("127.0.0.1", port)})) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(proxy.socket))
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"hello\n")
        assert await reader.readline() == b"HELLO\n"
        writer.close()
    assert list(proxy.reached) == ["127.0.0.1"]
    assert not proxy.socket.exists()


@pytest.mark.parametrize(
    ("request_line", "status", "said"),
    [
        (b"CONNECT evil.example:443 HTTP/1.1", b"403", b"evil.example:443 is not on the allow-list"),
        (b"CONNECT pypi.org:80 HTTP/1.1", b"403", b"pypi.org:80"),
        (b"CONNECT pypi.org.evil.example:443 HTTP/1.1", b"403", b"pypi.org.evil.example"),
        (b"CONNECT user@evil.example:443 HTTP/1.1", b"403", b"evil.example"),
        (b"CONNECT pypi.org:https HTTP/1.1", b"400", b"not host:port"),
        (b"CONNECT \xff\xfe:443 HTTP/1.1", b"400", b"not host:port"),
        (b"GET http://pypi.org/simple/ HTTP/1.1", b"405", b"only tunnels HTTPS"),
        (b"GET /simple/ HTTP/1.1", b"405", b"only tunnels HTTPS"),
        (b"POST / HTTP/1.1", b"405", b"only tunnels HTTPS"),
    ],
)
async def test_everything_else_is_refused_in_words(request_line: bytes, status: bytes, said: bytes) -> None:
    async with RegistryProxy(frozenset({("pypi.org", 443)})) as proxy:
        answer = await ask(proxy, request_line + b"\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert said in answer


async def test_an_endless_head_and_a_dead_host_do_not_hang_it() -> None:
    async with RegistryProxy(frozenset({("127.0.0.1", 1)})) as proxy:
        assert (await ask(proxy, b"CONNECT " + b"x" * 70_000)).startswith(b"HTTP/1.1 502")
        assert (await ask(proxy, b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 502")


async def test_an_end_that_hangs_up_gets_no_refusal_into_its_tunnel() -> None:
    """Java closes a connection whose answer it has, without a word to either end."""
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, RegistryProxy(frozenset({("127.0.0.1", port)})) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(proxy.socket))
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        while proxy._tunnels:
            writer.write(b"still there?")
            await asyncio.sleep(0)
        writer.close()
    gc.collect()
    assert answer.endswith(b"\r\n\r\nbye")
    assert failures == []


async def test_an_upstream_proxy_gets_its_login_and_the_sandbox_never_sees_it() -> None:
    seen: list[bytes] = []

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello through upstream")
        writer.close()

    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    dial = connect_through(f"http://me:p%40ss@127.0.0.1:{port}")
    async with server, RegistryProxy(frozenset({("pypi.org", 443)}), dial=dial) as proxy:
        answer = await ask(proxy, b"CONNECT pypi.org:443 HTTP/1.1\r\n\r\n")
    assert answer.endswith(b"hello through upstream")
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") in seen[0]
    assert seen[0].startswith(b"CONNECT pypi.org:443 ")


def test_the_allow_list_is_the_registries_and_the_operators_own_index_and_mirror() -> None:
    settings = Settings(
        registries=["PyPI.org", "files.example:8443"],
        index_url="https://u:p@index.corp/simple",
        maven_mirror="https://nexus.corp:8443/maven",
    )
    expected = {("pypi.org", 443), ("files.example", 8443), ("index.corp", 443), ("nexus.corp", 8443)}
    assert list_allowed_hosts(settings) == expected
    assert make_url_inside(Settings(index_url="https://u:p@index.corp/simple")) == "{proxy}/simple"
    assert make_url_inside(Settings(index_url="https://index.corp/simple")) == "https://index.corp/simple"


@asynccontextmanager
async def private_index() -> AsyncIterator[str]:
    """An index that answers only to ``robot:s3cret`` and links to its files by absolute addresses."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Basic " + base64.b64encode(b"robot:s3cret").decode():
            return web.Response(status=401)
        if request.path == "/moved/":
            return web.Response(status=302, headers={"Location": f"http://{request.host}/simple/tiny/"})
        if request.path.startswith("/simple"):
            text = f"<a href='http://{request.host}/files/tiny.whl#sha256=0'>tiny.whl</a>"
            return web.Response(text=text, content_type="text/html")
        return web.Response(body=b"wheel bytes " + request.host.encode())

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_an_index_with_credentials_is_served_without_letting_them_in(shell: Shell) -> None:
    async with private_index() as host:
        index = Index.from_url(f"http://robot:s3cret@{host}/simple/")
        async with RegistryProxy(frozenset(), index=index) as proxy:
            line = (
                "env; page=$(curl -sS ${INDEX}tiny/); echo $page; "
                'curl -sS $(echo $page | sed "s/.*href=\'\\([^#]*\\)#.*/\\1/"); '
                "curl -sSL ${INDEX%simple/}moved/; curl -sS -o /dev/null -w '%{http_code}' http://" + host + "/simple/"
            )
            result = await shell(line, network=proxy, env={"INDEX": "{proxy}/simple/"})
    assert f"wheel bytes {host}" in result.output
    assert result.output.count("href='http://127.0.0.1:") == 2
    assert f"href='http://{host}" not in result.output
    assert "s3cret" not in result.output
    assert "robot" not in result.output


async def test_the_operators_certificates_are_mounted_not_named(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("certificates")
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(bundle)
    try:
        mounts, env = find_certificates()
    finally:
        if before is None:
            del os.environ["SSL_CERT_FILE"]
        else:
            os.environ["SSL_CERT_FILE"] = before
    assert mounts[0].source == bundle
    assert set(env.values()) == {mounts[0].target}


async def test_the_relay_serves_the_process_tier_too(workspace: Path) -> None:
    async with RegistryProxy(frozenset({("pypi.org", 443)})) as proxy:
        result = await Process(trust_code=True).run(["curl", "-sS", "https://evil.example/"], workspace, network=proxy)
    assert "403" in result.output
    assert list(proxy.refused) == ["evil.example:443"]
