"""A service's health is asked at public hosts, and at private ones that the server's settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.deployments import health
from bot.deployments.health import Health, ask_health, ask_repeatedly


@dataclass
class Service:
    """A service on this machine, its answers to come, and how often it was asked."""

    server: TestServer
    answers: list[int] = field(default_factory=list)
    asked: int = 0

    def url(self, host: str) -> str:
        return f"http://{host}:{self.server.port}/health"


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async def answer(_request: web.Request) -> web.Response:
        known.asked += 1
        status = known.answers.pop(0) if known.answers else 200
        return web.Response(status=status, headers={"Location": "/health"} if status == 302 else {})

    app = web.Application()
    app.router.add_get("/health", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        known = Service(server)
        yield known


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_private_host_is_asked_only_if_the_server_names_it(service: Service, host: str) -> None:
    url = service.url(host)
    assert await ask_health(url, []) != ""
    assert service.asked == 0
    assert await ask_health(url, [host]) == ""
    assert service.asked == 1


async def test_only_2xx_is_a_good_answer_and_no_redirect_is_followed(service: Service) -> None:
    service.answers = [204, 302, 503]
    url = service.url("127.0.0.1")
    assert [await ask_health(url, ["127.0.0.1"]) for _ in range(3)] == [
        "", "the health address answered 302", "the health address answered 503",
    ]  # fmt: skip
    assert service.asked == 3


async def test_each_address_is_asked_three_times(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PAUSE", 0.0)
    service.answers = [200, 503, 200]
    url = service.url("127.0.0.1")
    found = await ask_repeatedly([url, url], ["127.0.0.1"])
    assert found == (Health(url=url, well=2, problem="the health address answered 503"),)
