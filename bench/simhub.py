"""The hub by itself: how soon it answers, and whether it stands requests and clones at once without errors.

The hub is one process, the clients are others: this one asks, git clones. Needs nothing but git.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bot.local.hosting import free_port

_FILES = {"README.md": "# Sample\n"} | {
    f"src/part{n}.py": "".join(f"x{i} = {i}\n" for i in range(100)) for n in range(20)
}
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Standing:
    """A hub that answers. ``started`` is how long that took (s), ``cpu`` what it cost (s), ``token`` a person's."""

    url: str
    token: str
    started: float
    cpu: float


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Standing]:
    """``python -m simhub`` with one repository, until the block ends."""
    source, port = folder / "source", free_port()
    for name, text in _FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simhub", "--port", str(port), "--root", str(folder / "hub"),
        "--repository", f"octo/sample={source}", stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        started = await _answers(f"{url}/api/v3/rate_limit", began)
        ticks = (Path(f"/proc/{process.pid}/stat")).read_text().rpartition(")")[2].split()[11:13]
        assert process.stdout is not None
        while b"token" not in (line := await process.stdout.readline()):
            assert line, "the hub ended"
        token = line.decode().split()[-1]
        yield Standing(url, token, started, sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"))
    finally:
        process.terminate()
        await process.wait()


async def _answers(url: str, began: float) -> float:
    """Seconds from ``began`` until ``url`` answers. Raises TimeoutError."""
    async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    await answer.read()
                    return time.perf_counter() - began
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)


async def _ask(session: aiohttp.ClientSession, url: str, seconds: list[float]) -> str:
    began = time.perf_counter()
    try:
        async with session.get(url) as answer:
            await answer.read()
            return str(answer.status)
    except aiohttp.ClientError as error:
        return type(error).__name__
    finally:
        seconds.append(time.perf_counter() - began)


async def requests(hub: Standing, count: int, connections: int) -> dict[str, Any]:
    """``count`` reads of an issue list over ``connections`` connections."""
    url, left, took = f"{hub.url}/api/v3/repos/octo/sample/issues", iter(range(count)), list[float]()
    outcomes: Counter[str] = Counter()

    async def work() -> None:
        for _ in left:
            outcomes[await _ask(session, url, took)] += 1

    head = {"Authorization": f"Bearer {hub.token}"}
    async with aiohttp.ClientSession(headers=head) as session:
        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(connections)))
        whole = time.perf_counter() - began
    p99 = statistics.quantiles(took, n=100)[98] * 1000
    return {"requests_per_s": round(count / whole), "p99_ms": round(p99, 1), "outcomes": dict(outcomes)}


async def clones(hub: Standing, count: int, folder: Path) -> dict[str, Any]:
    """``count`` clones at once."""

    async def clone(number: int) -> int:
        process = await asyncio.create_subprocess_exec(
            "git", "clone", "--quiet", f"{hub.url}/octo/sample.git", str(folder / f"clone-{number}")
        )
        return await process.wait()

    began = time.perf_counter()
    codes = await asyncio.gather(*(clone(number) for number in range(count)))
    return {"clones": count, "failed_clones": sum(map(bool, codes)), "clones_s": round(time.perf_counter() - began, 2)}


async def measure(count: int, connections: int, starts: int) -> dict[str, Any]:
    """Start the hub ``starts`` times; load the last one."""
    began = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(starts):
            folder = Path(scratch) / str(number)
            async with standing(folder) as hub:
                began.append(hub)
                if number == starts - 1:
                    asked = await requests(hub, count, connections)
                    cloned = await clones(hub, 20, folder)
    return {
        "start_s": round(statistics.median(each.started for each in began), 2),
        "start_cpu_s": round(statistics.median(each.cpu for each in began), 2),
        **asked,
        **cloned,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.requests, options.connections, options.starts))))


if __name__ == "__main__":
    main()
