"""Ask a service whether it is well, or tell one to deploy, at the address that the policy names and at no other.

A policy is a repository's text, so the address may not lead into the server's own network, unless the server's settings
name the host.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.types import JsonModel

ASKED = 3
_PAUSE = 2.0  # seconds between two questions
_SECONDS = 10.0


class _Refused(OSError):
    """An address that is not asked."""


class _PublicResolver(AbstractResolver):
    """A resolver that knows no private address."""

    def __init__(self) -> None:
        self._all = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._all.resolve(host, port, family)
        public = [one for one in found if _is_public(one["host"])]
        if not public:
            raise _Refused(f"{host} is not a public host")
        return public

    async def close(self) -> None:
        await self._all.close()


class Health(JsonModel):
    """Answers of one address: how often it was well, and what was wrong last."""

    url: str
    well: int = 0
    problem: str = ""


async def ask_repeatedly(urls: Sequence[str], private_hosts: Collection[str]) -> tuple[Health, ...]:
    """Ask each address three times."""
    return tuple(await asyncio.gather(*(_ask_repeatedly(url, private_hosts) for url in dict.fromkeys(urls))))


async def _ask_repeatedly(url: str, private_hosts: Collection[str]) -> Health:
    known = Health(url=url)
    for number in range(ASKED):
        if number:
            await asyncio.sleep(_PAUSE)
        problem = await ask_health(url, private_hosts)
        known = Health(url=url, well=known.well + (not problem), problem=problem or known.problem)
    return known


async def ask_health(url: str, private_hosts: Collection[str]) -> str:
    """Return what is wrong with the answer, "" for a good one.

    No redirect is followed, and nothing of an answer is read but its status.
    """
    return await _request("GET", url, "the health address", private_hosts)


async def send(url: str, body: bytes, headers: Mapping[str, str], private_hosts: Collection[str]) -> str:
    """Post JSON; return what is wrong with the answer, "" for a good one.

    The hosts are those that may be asked for health; nothing of an answer is read but its status.
    """
    sent = {"Content-Type": "application/json", **headers}
    return await _request("POST", url, "the webhook", private_hosts, data=body, headers=sent)


async def _request(method: str, url: str, what: str, private_hosts: Collection[str], **more: Any) -> str:
    host = urlsplit(url).hostname or ""
    own = host in private_hosts
    if not own and _is_address(host) and not _is_public(host):
        return f"`{host}` is not a public host; the server's `health_hosts` does not name it"
    connector = aiohttp.TCPConnector(resolver=None if own else _PublicResolver())
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(method, url, allow_redirects=False, **more) as answer,
        ):
            return "" if 200 <= answer.status < 300 else f"{what} answered {answer.status}"
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return f"{what} did not answer"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(host: str) -> bool:
    return _is_address(host.partition("%")[0]) and ipaddress.ip_address(host.partition("%")[0]).is_global
