"""Health, readiness, and the one log line a request leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from bot.rates import Rates
from bot.store.database import create_engine
from bot.store.store import Store
from bot.web.server import make_runner, make_web
from bot.web.strangers import Strangers
from tests.support.databases import new_sqlite, open_store
from tests.support.patience import PATIENCE


async def broken(_request: web.Request) -> web.Response:
    raise ValueError("a stranger's text")


def application(store: Store, engine_up: list[bool]) -> web.Application:
    async def launched() -> bool:
        return engine_up[0]

    return make_web(store, [web.get("/broken/{name}", broken)], {"engine": launched})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    yield from open_store(new_sqlite(tmp_path / "web.db"))


async def test_ready_only_when_everything_is(store: Store, aiohttp_client: AiohttpClient) -> None:
    up = [False]
    http = await aiohttp_client(application(store, up))
    assert (await http.get("/healthz")).status == 200
    answer = await http.get("/readyz")
    assert (answer.status, await answer.json()) == (503, {"database": "ok", "engine": "not ready"})
    up[0] = True
    assert (await http.get("/readyz")).status == 200


async def test_not_ready_without_a_database(aiohttp_client: AiohttpClient) -> None:
    store = Store(create_engine("postgresql+psycopg://nobody@127.0.0.1:9/none"))
    http = await aiohttp_client(application(store, [True]))
    answer = await http.get("/readyz")
    assert (answer.status, (await answer.json())["database"]) == (503, "not ready")
    assert (await http.get("/healthz")).status == 200
    store.close()


async def test_a_connection_that_says_nothing_is_closed(store: Store) -> None:
    runner = make_runner(application(store, [True]), silence=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    for begun in (b"", b"GET /healthz HT"):
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(begun)
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
        writer.close()
    await runner.cleanup()


async def test_a_client_that_reads_no_further_keeps_nobody_from_stopping(store: Store) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        begun.set()
        while True:
            await response.write(bytes(100_000))

    begun = asyncio.Event()
    runner = make_runner(make_web(store, [web.get("/endless", endless)], {}))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection(*runner.addresses[0], limit=1024)
    writer.write(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
    async with asyncio.timeout(20):  # systemd, compose and Kubernetes wait for 30 s, and more is to be closed
        await runner.cleanup()
    writer.close()


async def test_one_log_line_a_request_with_the_template(store: Store, aiohttp_client: AiohttpClient) -> None:
    http = await aiohttp_client(application(store, [True]))
    with structlog.testing.capture_logs() as lines:
        assert (await http.get("/broken/evil%0Aname")).status == 500
        assert (await http.get("/no/such/page")).status == 404
        await asyncio.sleep(0)
    requests = [(line["route"], line["status"]) for line in lines if line["event"] == "request"]
    assert requests == [("/broken/{name}", 500), ("unknown", 404)]
    assert "evil" not in str(lines)


@pytest.mark.parametrize(
    ("forwarded", "stranger"),
    [
        ({}, False),
        ({"X-Forwarded-For": "127.0.0.1"}, False),
        ({"X-Forwarded-For": "nonsense"}, False),
        ({"X-Forwarded-For": "198.51.100.7"}, True),
        ({"X-Forwarded-For": "203.0.113.1, 198.51.100.7, 10.0.0.3"}, True),
        ({"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}, False),
        ({"X-Forwarded-For": "2001:db8::1"}, False),
        ({"X-Forwarded-For": "198.51.100.7, 192.168.0.9"}, False),
    ],
)
async def test_who_gets_nothing_but_refusals_is_turned_away_by_address(
    store: Store, aiohttp_client: AiohttpClient, forwarded: dict[str, str], stranger: bool
) -> None:
    strangers = Strangers(Rates().part("strangers"), 3, ["10.0.0.0/8"])
    http = await aiohttp_client(make_web(store, [], {}, None, strangers))
    first = {"X-Forwarded-For": "198.51.100.7"}
    assert [(await http.get("/nowhere", headers=first)).status for _ in range(3)] == [404] * 3
    answer = await http.get("/healthz", headers=forwarded)
    assert answer.status == (429 if stranger else 200)
    if stranger:
        assert 1 <= int(answer.headers["Retry-After"]) <= 20
        assert answer.content_type == "application/problem+json"
