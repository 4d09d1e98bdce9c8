"""Ten labels at once while GitHub takes 100 ms an answer: how soon people see a sign, how slow the door becomes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import aiohttp

from bench.webhooks.servers import Server
from simhub.hub import Hub
from simhub.model import Account, Issue, Repository

_WAIT = 60.0
_LATENCY = 0.1
_LOOK = 0.005
_AFTER = 3.0  # the work that the label started goes on meanwhile


@dataclass(frozen=True)
class LabelTimings:
    """Seconds: from the label to the reaction, for the issue that got it soonest and the one that got it last; the
    slowest webhook and liveness answers.
    """

    soonest_sign: float
    slowest_sign: float
    slowest_answer: float
    slowest_alive: float


async def label_at_once(
    hub: Hub, repository: Repository, maintainer: Account, server: Server, count: int = 10
) -> LabelTimings:
    """Label ``count`` fresh issues at the same moment and watch."""
    async with aiohttp.ClientSession(headers={"Authorization": f"token {maintainer.token}"}) as session:
        issues = f"{hub.api_url}/repos/{repository.full_name}/issues"
        numbers = [await _new_issue(session, issues, number) for number in range(count)]
        await hub.settled()
        before = len(hub.webhooks.log)
        hub.latency = _LATENCY
        watching = asyncio.create_task(_watch(session, f"http://127.0.0.1:{server.port}{server.alive}"))
        labelling = asyncio.gather(*(_label(session, f"{issues}/{number}") for number in numbers))
        signs = await asyncio.gather(*(_sign(repository.issues[number]) for number in numbers))
        await labelling
        await asyncio.sleep(_AFTER)
        await hub.settled()
        hub.latency = 0.0
        watching.cancel()
        slowest = max((item.duration for item in list(hub.webhooks.log)[before:]), default=0.0)
        return LabelTimings(min(signs), max(signs), slowest, max(await watching, default=0.0))


async def _new_issue(session: aiohttp.ClientSession, issues: str, number: int) -> int:
    async with session.post(issues, json={"title": f"Bug {number}", "body": "It fails."}) as answer:
        answer.raise_for_status()
        return int((await answer.json())["number"])


async def _label(session: aiohttp.ClientSession, issue: str) -> None:
    async with session.post(f"{issue}/labels", json={"labels": ["ai-bug-fix"]}) as answer:
        answer.raise_for_status()


async def _sign(issue: Issue) -> float:
    """Return seconds from the label to the first reaction inside the hub."""
    async with asyncio.timeout(_WAIT):
        while not issue.labels:
            await asyncio.sleep(_LOOK)
        started = time.perf_counter()
        while not issue.reactions:
            await asyncio.sleep(_LOOK)
        return time.perf_counter() - started


async def _watch(session: aiohttp.ClientSession, url: str) -> list[float]:
    taken: list[float] = []
    try:
        while True:
            started = time.perf_counter()
            async with session.get(url) as answer:
                await answer.read()
            taken.append(time.perf_counter() - started)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return taken
