"""Files of an index that are kept for all: what is kept, what is not, and that nobody else can put one there."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.index import PYPI, Index, find_index, make_url_inside
from bot.sandbox.packages import PackageCache
from bot.sandbox.proxy import RegistryProxy
from bot.settings import Settings

WHEEL = b"the bytes of a wheel" * 10_000


def address_of(data: bytes, name: str = "made-1.0-py3-none-any.whl") -> str:
    digest = hashlib.blake2b(data, digest_size=32).hexdigest()
    return f"/packages/{digest[:2]}/{digest[2:4]}/{digest[4:]}/{name}"


@dataclass
class Upstream:
    """PyPI's two servers in one: ``files`` by path, and what was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.path.startswith("/simple/"):
            links = "".join(f'<a href="{self.url}{path}#sha256=0">x</a>' for path in self.files)
            return web.Response(text=links, content_type="text/html")
        data = self.files.get(request.path)
        if data is None:
            return web.Response(status=404)
        if request.path.endswith("cut.whl"):
            response = web.StreamResponse(headers={"Content-Length": str(len(data))})
            await response.prepare(request)
            await response.write(data[:100])
            assert request.transport is not None
            request.transport.close()
            return response
        if request.headers.get("Range"):
            return web.Response(status=206, body=data[:10])
        return web.Response(body=data, content_type="application/octet-stream")


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    made = Upstream()
    application = web.Application()
    application.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = site.name
    yield made
    await runner.cleanup()


@pytest.fixture
async def ask(upstream: Upstream, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """What a command inside reaches: the proxy, by the name that its relay has there."""
    index = Index(upstream.url, "/simple/", None, files=upstream.url)
    async with RegistryProxy(frozenset(), index=index, packages=PackageCache(tmp_path / "packages")) as proxy:
        connector = aiohttp.UnixConnector(path=str(proxy.socket))
        async with aiohttp.ClientSession("http://127.0.0.1:9", connector=connector) as session:
            yield session


async def get(ask: aiohttp.ClientSession, path: str, **headers: str) -> bytes:
    async with ask.get(path, headers=headers) as response:
        return await response.read()


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("packages/*")]


async def test_a_file_is_fetched_once_for_all(upstream: Upstream, ask: aiohttp.ClientSession, tmp_path: Path) -> None:
    path = address_of(WHEEL)
    upstream.files[path] = WHEEL
    page = (await get(ask, "/simple/made/")).decode()
    assert f'href="http://127.0.0.1:9{path}' in page
    assert [await get(ask, path) for _ in range(3)] == [WHEEL] * 3
    assert upstream.asked.count(path) == 1
    assert kept(tmp_path) == [hashlib.blake2b(WHEEL, digest_size=32).hexdigest()]
    await get(ask, "/simple/made/")
    assert upstream.asked.count("/simple/made/") == 2, "what versions there are is always asked"


@pytest.mark.parametrize(
    "path",
    [
        address_of(b"other bytes"),
        address_of(WHEEL, "made-1.0-py3-none-any.whl.metadata"),
        "/packages/../../etc/passwd.whl",
        "/packages/made-1.0-py3-none-any.whl",
        address_of(WHEEL)[:-1].upper(),
    ],
)
async def test_what_its_address_does_not_name_is_passed_on_and_not_kept(
    upstream: Upstream, ask: aiohttp.ClientSession, tmp_path: Path, path: str
) -> None:
    upstream.files[path] = WHEEL
    for _ in range(2):
        await get(ask, path)
    assert kept(tmp_path) == []


async def test_half_a_file_is_not_kept(upstream: Upstream, ask: aiohttp.ClientSession, tmp_path: Path) -> None:
    path = address_of(WHEEL, "cut.whl")
    upstream.files[path] = WHEEL
    with pytest.raises(aiohttp.ClientPayloadError):
        await get(ask, path)
    assert kept(tmp_path) == []


async def test_parts_of_a_file_are_passed_on(upstream: Upstream, ask: aiohttp.ClientSession, tmp_path: Path) -> None:
    path = address_of(WHEEL)
    upstream.files[path] = WHEEL
    assert await get(ask, path, Range="bytes=0-9") == WHEEL[:10]
    assert kept(tmp_path) == []


async def test_a_failure_is_not_kept(upstream: Upstream, ask: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with ask.get(address_of(WHEEL)) as response:
        assert response.status == 404
    assert kept(tmp_path) == []


def test_pypi_comes_this_way_unless_an_operator_says_otherwise() -> None:
    assert find_index(Settings()) is PYPI
    assert make_url_inside(Settings()) == "{proxy}/simple/"
    assert find_index(Settings(packages_gb=0)) is None
    assert make_url_inside(Settings(packages_gb=0)) is None
    assert find_index(Settings(registries=["pypi.org"])) is None
    assert make_url_inside(Settings(index_url="https://index.corp/simple")) == "https://index.corp/simple"
