"""Get a key of OpenRouter's from whoever is signed in there, by PKCE: no application is registered for it.

https://openrouter.ai/docs/guides/overview/auth/oauth. Label, limit and expiry are fields of its API; that its page
takes them too is known from other programs' clients, and was not seen.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.keys.keeper import KeyUnusable
from bot.logs import register_secret

HOME = "https://openrouter.ai"
DAYS = 90  # of a key's life: by then rotation is due anyway
MINUTES = 10  # that a person may take, as long as a code is good
_TIMEOUT = aiohttp.ClientTimeout(total=30)
_DONE = "The key is on its way to Forgehand. You can close this page."
_REFUSED = "This is not the answer that Forgehand waits for. Begin again with `forgehand keys connect`."


@dataclass(frozen=True)
class Handshake:
    """One request for a key: what is sent, and what only we know."""

    callback: str  # its last part is a secret, so that only the page that we opened can answer
    verifier: str
    expires: datetime

    @classmethod
    def begin(cls, origin: str, now: datetime) -> Handshake:
        """Begin with an address on loopback at which the answer arrives."""
        return cls(f"{origin}/{secrets.token_urlsafe(16)}", make_verifier(), now + timedelta(days=DAYS))

    def page(self, home: str, *, label: str, dollars: float) -> str:
        """Return the page on which the person agrees.

        ``dollars`` is what the key may spend in a month.
        """
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "callback_url": self.callback,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "key_label": label,
            "limit": f"{dollars:g}",
            "usage_limit_type": "monthly",
            "expires_at": self.expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return f"{home}/auth?{urlencode(asked)}"

    def accepts(self, path: str) -> bool:
        """Return True for the path that only the page knows."""
        return hmac.compare_digest(path.encode(), "/{3}".format(*self.callback.split("/", 3)).encode())

    def form(self, code: str) -> dict[str, str]:
        """Return what a code is exchanged with."""
        return {"code": code, "code_verifier": self.verifier, "code_challenge_method": "S256"}


def make_verifier() -> str:
    """Return what only we know of a request."""
    return secrets.token_urlsafe(48)


async def connect(show: Callable[[str], None], *, label: str, dollars: float, home: str = HOME) -> str:
    """Return a new key; ``show`` is given the page that a person must open.

    Raises :class:`KeyUnusable` where nobody agrees in time, or OpenRouter gives none.
    """
    code: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    shaken: list[Handshake] = []

    async def receive(request: web.Request) -> web.Response:
        given = request.query.get("code", "")
        if code.done() or not given or not shaken[0].accepts(request.path):
            return web.Response(status=404, text=_REFUSED)
        code.set_result(given)
        return web.Response(text=_DONE)

    app = web.Application()
    app.router.add_get("/{path:.*}", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shaken.append(Handshake.begin(f"http://localhost:{runner.addresses[0][1]}", datetime.now(UTC)))
        show(shaken[0].page(home, label=label, dollars=dollars))
        async with asyncio.timeout(MINUTES * 60):
            given = await code
    except TimeoutError:
        raise KeyUnusable(f"Nobody agreed within {MINUTES} minutes; no key was made.") from None
    finally:
        await runner.cleanup()
    return await exchange(home, shaken[0].form(given))


async def exchange(home: str, form: dict[str, str]) -> str:
    """Return the key for a code. Raises :class:`KeyUnusable`."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as http,
            http.post(f"{home}/api/v1/auth/keys", json=form, allow_redirects=False) as answer,
        ):
            said = await answer.json() if answer.status == 200 else {}
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise KeyUnusable(f"OpenRouter cannot be reached ({type(error).__name__}); no key was kept.") from None
    key = said.get("key") if isinstance(said, dict) else None
    if not isinstance(key, str) or not key:
        raise KeyUnusable(f"OpenRouter gave no key (HTTP {answer.status}). Begin again: a code is good once.")
    register_secret(key)
    return key
