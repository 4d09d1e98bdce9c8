"""Ask a service whether it is well."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp

from bot.settings import LOOPBACK
from bot.types import JsonModel

ASKED = 3
_PAUSE = 2.0  # seconds between two questions
_TIMEOUT = aiohttp.ClientTimeout(total=10)


class Health(JsonModel):
    """Answers of one address: how often it was well, and its last word."""

    url: str
    well: int
    said: str


async def ask_health(urls: Sequence[str], github: str) -> tuple[Health, ...]:
    """Ask each address three times; no redirect is followed.

    Nothing of an answer is read but its status. Plain HTTP is asked only of this machine, where GitHub is there too: in
    trials.
    """
    trial = urlsplit(github).hostname in LOOPBACK
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        return tuple(await asyncio.gather(*(_ask(session, url, trial) for url in dict.fromkeys(urls))))


async def _ask(session: aiohttp.ClientSession, url: str, trial: bool) -> Health:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (trial and parts.hostname in LOOPBACK):
        return Health(url=url, well=0, said="not asked: it is no https address")
    well = 0
    said = ""
    for number in range(ASKED):
        if number:
            await asyncio.sleep(_PAUSE)
        try:
            async with session.get(url, allow_redirects=False) as answer:
                well += 200 <= answer.status < 300
                said = f"answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            said = type(error).__name__
    return Health(url=url, well=well, said=said)
