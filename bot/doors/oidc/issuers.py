"""Fetch the keys of an issuer of tokens, and keep them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import jwt
import structlog
from jwt import PyJWK, PyJWKSet

from bot.settings import is_secure
from bot.types import ForgehandError

ALGORITHM = "RS256"
_DISCOVERY = "/.well-known/openid-configuration"
_FRESH = 3600.0  # seconds; a key that its issuer has withdrawn works no longer than this
_STALE = 24 * 3600.0  # seconds for which known keys suffice while the issuer cannot be reached
_PAUSE = 30.0  # seconds between two fetches that something unknown or unreachable asks for
_TIMEOUT = aiohttp.ClientTimeout(total=10.0)
_MAX_BODY = 256 * 1024
_UNUSABLE = (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError, AttributeError, jwt.PyJWTError)

log = structlog.get_logger(__name__)


class KeysUnavailable(ForgehandError):
    """The keys of an issuer cannot be fetched."""


class Issuer:
    """An issuer of tokens; its keys are fetched when the first token comes."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._session = session
        self._keys: dict[str, PyJWK] = {}
        self._fetched: float | None = None
        self._pause_until = 0.0
        self._lock = asyncio.Lock()

    async def find_key(self, kid: str) -> PyJWK | None:
        """Find a key by its id, if the issuer has it.

        Keys are fetched once an hour and when an unknown id comes, but strangers cannot make us ask again and again.
        Raises :class:`KeysUnavailable`.
        """
        if kid not in self._keys or not self._younger_than(_FRESH):
            await self._refresh(kid)
        if not self._younger_than(_STALE):
            raise KeysUnavailable(f"The keys of {self.url} cannot be fetched; the server's log has the reason.")
        return self._keys.get(kid)

    async def fetch(self) -> dict[str, PyJWK]:
        """Fetch the keys by their ids.

        Raises :class:`KeysUnavailable`.
        """
        try:
            about = await self._read(self.url + _DISCOVERY)
            if about["issuer"] != self.url:
                raise ValueError("it describes another issuer")
            found = PyJWKSet.from_dict(await self._read(str(about["jwks_uri"]))).keys
        except _UNUSABLE as error:
            reason = str(error) or type(error).__name__
            raise KeysUnavailable(f"The keys of {self.url} cannot be fetched: {reason[:300]}.") from None
        return {each.key_id: each for each in found if each.key_id and each.algorithm_name == ALGORITHM}

    def _younger_than(self, seconds: float) -> bool:
        return self._fetched is not None and time.monotonic() - self._fetched < seconds

    async def _refresh(self, kid: str) -> None:
        async with self._lock:
            now = time.monotonic()
            known = kid in self._keys and self._younger_than(_FRESH)  # somebody else has fetched it meanwhile
            if known or now < self._pause_until:
                return
            if self._younger_than(_FRESH):
                self._pause_until = now + _PAUSE
            try:
                self._keys = await self.fetch()
                self._fetched = time.monotonic()
            except KeysUnavailable as error:
                self._pause_until = time.monotonic() + _PAUSE
                log.warning("tokens of GitHub Actions cannot be verified", reason=error.message)

    async def _read(self, url: str) -> Any:
        if not is_secure(url):
            raise ValueError(f"{url} is not https")
        async with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False) as answer:
            if answer.status != 200:
                raise ValueError(f"{url} answers {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > _MAX_BODY:
                    raise ValueError(f"{url} answers with more than {_MAX_BODY} bytes")
        return json.loads(body)
