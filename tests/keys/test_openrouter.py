"""A key from OpenRouter by PKCE, against a stand-in that checks the challenge as the RFC has it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from bot.keys.keeper import KeyUnusable
from bot.keys.openrouter import Handshake, connect
from tests.support.patience import PATIENCE

KEY = "sk-or-v1-0123456789abcdef"


class OpenRouter:
    """The page on which a person agrees, and the exchange of its code, good once."""

    def __init__(self) -> None:
        self.page: asyncio.Queue[str] = asyncio.Queue()
        self.challenge = ""
        self.bodies: list[dict[str, str]] = []

    async def __aenter__(self) -> OpenRouter:
        app = web.Application()
        app.router.add_post("/api/v1/auth/keys", self._exchange)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def take(self, page: str) -> dict[str, str]:
        """What its page is asked for."""
        self.asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        self.challenge = self.asked["code_challenge"]
        return self.asked

    async def agree(self, *, code: str = "auth-code", path: str | None = None) -> int:
        url = self.take(await self.page.get())["callback_url"]
        async with aiohttp.ClientSession() as http:
            if path is not None:
                async with http.get(url.rpartition("/")[0] + path, params={"code": "forged"}) as refused:
                    assert refused.status == 404
            async with http.get(url, params={"code": code}) as answer:
                return answer.status

    async def _exchange(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        digest = hashlib.sha256(body["code_verifier"].encode()).digest()
        right = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
        if not right or body["code"] != "auth-code" or body["code_challenge_method"] != "S256":
            return web.json_response({"error": {"code": 403, "message": "Invalid code"}}, status=403)
        return web.json_response({"key": KEY, "user_id": "user_1"})


async def test_a_person_agrees_and_the_key_arrives_with_limit_and_expiry() -> None:
    async with OpenRouter() as router, asyncio.timeout(PATIENCE):
        connecting = connect(router.page.put_nowait, label="Forgehand", dollars=20, home=router.url)
        key, status = await asyncio.gather(connecting, router.agree(path="/guessed"))
    assert (key, status) == (KEY, 200)
    assert router.bodies[0]["code"] == "auth-code", "the forged code went nowhere"
    assert sorted(router.bodies[0]) == ["code", "code_challenge_method", "code_verifier"]
    told = {name: router.asked[name] for name in ("code_challenge_method", "key_label", "limit", "usage_limit_type")}
    assert told == {
        "code_challenge_method": "S256",
        "key_label": "Forgehand",
        "limit": "20",
        "usage_limit_type": "monthly",
    }
    left = datetime.fromisoformat(router.asked["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < left <= timedelta(days=90)
    assert router.asked["callback_url"].startswith("http://localhost:")
    assert router.bodies[0]["code_verifier"] not in str(router.asked)


async def test_a_code_that_is_refused_says_to_begin_again() -> None:
    async with OpenRouter() as router, asyncio.timeout(PATIENCE):
        connecting = connect(router.page.put_nowait, label="Forgehand", dollars=20, home=router.url)
        agreed = asyncio.create_task(router.agree(code="stale"))
        with pytest.raises(KeyUnusable, match=r"gave no key \(HTTP 403\)\. Begin again"):
            await connecting
        await agreed


def test_a_verifier_is_long_enough_and_never_used_twice() -> None:
    first, second = (Handshake.begin("http://localhost:1", datetime.now(UTC)) for _ in range(2))
    assert 43 <= len(first.verifier) <= 128
    assert first.verifier != second.verifier
    assert first.callback != second.callback
    assert first.accepts(urlsplit(first.callback).path)
    assert not first.accepts(urlsplit(second.callback).path)
