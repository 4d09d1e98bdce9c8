"""Let a server work under a bounded load, and see what grows: ``python -m tests.faults.soak --minutes 30``.

A real server on SQLite: flows in five repositories, one after another in each, and deliveries beside them, at a pace
that it holds. Its memory, descriptors, threads, children, temporary files and disk are looked at every few seconds;
what the second quarter of the time held is compared with the last. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.scenes import SAMPLE, deliver
from tests.faults import answers, flows
from tests.faults.flows import Flow
from tests.support import forks, shelves
from tests.support.story import Story, told
from tests.support.typing import comment

_LOOK_SECONDS = 5.0
_A_DELIVERY_SECONDS = 0.5
_A_FLOW_SECONDS = 3.0
_KEPT = ("forgehand.db", "forgehand.db-wal", "mirrors", "index", "work", "tmp", "environments")
_MOST = {
    "rss_mb": 1.10,
    "descriptors": 1.10,
    "threads": 1.10,
    "children": 1.5,
    "temporary": 1.0,
}  # of the second quarter


@dataclass
class Soak:
    """A server under load, and what was seen of it."""

    story: Story
    kinds: Sequence[Flow]
    seen: list[dict[str, float]] = field(default_factory=list)
    answered: int = 0
    deliveries: int = 0
    refused: int = 0

    async def run(self, seconds: float) -> None:
        """Keep it at work for so long."""
        work = [self._deliver(), *(self._ask(flow, number) for number, flow in enumerate(self.kinds))]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                await asyncio.sleep(_LOOK_SECONDS)
                self.seen.append(await asyncio.to_thread(look, self.story))
            for task in tasks:
                task.cancel()

    async def _deliver(self) -> None:
        for number in itertools.count():
            status = await deliver(self.story, "ping", json.dumps({"zen": number}).encode())
            self.deliveries += 1
            self.refused += status != 202
            await asyncio.sleep(_A_DELIVERY_SECONDS)

    async def _ask(self, flow: Flow, number: int) -> None:
        """Ask for the same again and again, and wait for each answer."""
        text = f"/ask {answers.QUESTION}?" if flow.name == "ask" else f"/{flow.name}"
        for turn in itertools.count(1):
            await asyncio.sleep(_A_FLOW_SECONDS)
            before = self._ended(flow)
            await comment(flow.story, flow.number, f"{text} {turn}" if flow.name == "ask" else text)
            while self._ended(flow) <= before:
                await asyncio.sleep(0.5)
            self.answered += 1

    def _ended(self, flow: Flow) -> int:
        return sum(len(flow.story.shown(flow.number, part)) for part in ("status", "final"))

    def tell(self) -> dict[str, Any]:
        """Compare the last quarter with the second."""
        quarter = max(1, len(self.seen) // 4)
        early, late = self.seen[quarter : 2 * quarter], self.seen[-quarter:]
        told: dict[str, Any] = {
            name: [round(statistics.fmean(each[name] for each in some), 2) for some in (early, late)]
            for name in self.seen[0]
        }
        grown = [name for name, most in _MOST.items() if told[name][1] > max(told[name][0] * most, told[name][0] + 2)]
        counts = {"answered": self.answered, "deliveries": self.deliveries, "refused": self.refused}
        return {**counts, "grown": grown, **told}


def look(story: Story) -> dict[str, float]:
    """What a server holds now: memory and disk in megabytes, the rest counted."""
    assert story.process is not None
    proc = Path(f"/proc/{story.process.pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    data = story.root / "data"
    return {
        "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
        "threads": int(status["Threads"]),
        "descriptors": sum(1 for _ in (proc / "fd").iterdir()),
        "children": len((proc / "task" / str(story.process.pid) / "children").read_text().split()),
        "temporary": sum(1 for _ in (data / "tmp").glob("*")),
        "disk_mb": _weigh(data),
        **{f"{name}_mb": _weigh(data / name) for name in _KEPT},
    }


def _weigh(path: Path) -> float:
    found = [path] if path.is_file() else path.rglob("*")
    total = 0
    for each in found:
        try:
            total += each.lstat().st_size
        except FileNotFoundError:  # it was temporary
            continue
    return total / 1e6


async def soak(root: Path, minutes: float) -> dict[str, Any]:
    """Start a server and soak it."""
    async with told(root, SAMPLE, answers.rules(lambda _: None)) as story:
        story.hub.limits.lift()
        stream = flows.Stream([story], root, random.Random(0), flows.make)
        await stream.begin(["ask", "describe", "improve", "ask", "review"])

        async def have_ended() -> bool:
            await stream.follow(0)
            return not stream.open

        await story.until(have_ended, what="each flow has ended once")
        once = Soak(story, stream.begun)
        await once.run(60 * minutes)
        return once.tell()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(soak(Path(folder), options.minutes))
    forks.close()
    shelves.close()
    print(json.dumps(told))
    sys.exit(bool(told["grown"] or told["refused"]))


if __name__ == "__main__":
    main()
