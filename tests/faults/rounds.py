"""Rounds of the fault harness: flows under way on real servers, and blows at these by a plan that a seed makes.

One server on SQLite, two on PostgreSQL, in turns, in front of the simulated GitHub and a scripted model.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import sqlalchemy as sa

from bot.local.hosting import free_port
from tests.e2e.scenes import SAMPLE
from tests.faults import answers, changes, flows
from tests.faults.blows import ModelFaults, Striker, plan
from tests.faults.flows import Flow
from tests.faults.github import trouble
from tests.faults.outages import Pair, run_pair
from tests.faults.pace import Pace
from tests.faults.verdict import Verdict, judge
from tests.support import forks, shelves
from tests.support.clocks import WANTED, set_clock
from tests.support.databases import new_postgres
from tests.support.story import Story, told

DATABASES = ("sqlite", "postgres")
_PATIENCE = 240.0  # from the last blow on: two processes take over after half a minute, GitHub's log is read at starts
_STILL = 2.0
_WIDTH = 3  # flows under way
_LOOK = 0.5  # seconds between looks at what people see


@dataclass
class Tally:
    """What all rounds showed."""

    rounds: int = 0
    flows: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)

    def add(self, other: Tally) -> None:
        """Add what others showed."""
        self.rounds += other.rounds
        self.flows.update(other.flows)
        self.struck.update(other.struck)
        self.verdict.add(other.verdict)


@asynccontextmanager
async def town(root: Path, pair: Pair | None, striker: Striker) -> AsyncIterator[list[Story]]:
    """One server on SQLite, or two on a new database of a pair of PostgreSQL servers."""
    (root / "first").mkdir(parents=True)
    settings = {"FORGEHAND_SWEEP_MINUTES": "0.5"}  # what came while nobody answered is asked for again soon
    if pair:
        name = sa.make_url(new_postgres(pair.url)).database
        settings["FORGEHAND_DATABASE_URL"] = sa.make_url(pair.url).set(database=name).render_as_string(False)
    rules = answers.rules(striker.asked, striker.answered)
    async with told(root / "first", SAMPLE, rules, **settings, **_clock(root / "first")) as first:
        servers = [first]
        try:
            if pair:
                (root / "second").mkdir()
                environment = first.environment | _clock(root / "second")
                second = replace(first, root=root / "second", port=free_port(), process=None, environment=environment)
                servers.append(second)
                await second.start_bot()
            yield servers
        finally:
            for each in servers:
                await each.stop_bot()


def _clock(folder: Path) -> dict[str, str]:
    set_clock(folder / "clock", 0.0)
    return {WANTED: str(folder / "clock")}


@dataclass(frozen=True)
class Round:
    """A round: where, on what, by which chance, and how long."""

    root: Path
    pair: Pair | None
    chance: random.Random
    blows: int
    short: bool

    async def play(self) -> tuple[Counter[str], list[Flow], Verdict]:
        """Play it: what struck, which flows, and what became of them."""
        wanted = [*flows.FLOWS, self.chance.choice(changes.CHANGES)]
        self.chance.shuffle(wanted)
        later = (*flows.LATER, *changes.CHANGES)
        stream = flows.Stream([], self.root, self.chance, changes.make, wanted, later)
        striker = Striker(ModelFaults(self.chance), Pace(lambda: stream.begun), database=self.pair)
        striker.excuse = stream.excuse
        async with town(self.root, self.pair, striker) as servers:
            striker.servers = stream.servers = servers
            flows.may_heal(servers[0])
            striker.watch()
            if self.short:
                await stream.begin(flows.SHORT)
            await self._disturb(stream, striker)
            await self._end(stream)
            await asyncio.sleep(_STILL)
            for each in servers:
                await each.stop_bot()
            return striker.struck, stream.begun, judge(stream.begun, servers, striker.asked_before)

    async def _disturb(self, stream: flows.Stream, striker: Striker) -> None:
        hub = striker.servers[0].hub
        async with asyncio.TaskGroup() as beside:
            aside = [
                beside.create_task(trouble(hub, self.chance, striker.struck)),
                beside.create_task(self._go_on(stream)),
            ]
            for blow in plan(self.chance, "postgres" if self.pair else "sqlite", self.blows, short=self.short):
                if self.short and not stream.open:
                    break
                await striker.strike(blow)
            for each in aside:
                each.cancel()
        hub.faults.clear()

    async def _go_on(self, stream: flows.Stream) -> None:
        while True:
            await stream.follow(0 if self.short else _WIDTH)
            await asyncio.sleep(_LOOK)

    async def _end(self, stream: flows.Stream) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and stream.open:
            await stream.follow(0)
            await asyncio.sleep(_LOOK)


def run(options: argparse.Namespace) -> Tally:
    """Play rounds until the time is over; print how each went."""
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # a killed server hangs up on the hub
    os.environ[WANTED] = "any"  # for the process that forks the servers
    tally = Tally()
    end = time.monotonic() + 60 * options.minutes
    with ExitStack() as stack:
        stack.callback(shelves.close)
        stack.callback(forks.close)
        kinds = DATABASES if options.database == "both" else (options.database,)
        pair = stack.enter_context(run_pair()) if "postgres" in kinds else None
        while (tally.rounds < len(kinds)) if options.short else (time.monotonic() < end):
            kind = kinds[(options.first + tally.rounds) % len(kinds)]
            tally.add(_play(options, options.seed + tally.rounds, pair if kind == "postgres" else None))
    return tally


def _play(options: argparse.Namespace, seed: int, pair: Pair | None) -> Tally:
    """Play one round; print how it went, and keep its folder if anything was found."""
    root = Path(tempfile.mkdtemp(prefix="forgehand-faults-"))
    began = time.monotonic()
    played = Round(root, pair, random.Random(seed), options.blows, options.short)
    struck, begun, verdict = asyncio.run(played.play())
    print(
        f"seed {seed} on {'postgres' if pair else 'sqlite'}: {len(begun)} flows, {time.monotonic() - began:.0f} s, "
        f"{dict(struck)}",
        *verdict.lines,
        *([f"kept: {root}"] if verdict.lines else []),
        sep="\n  ",
        flush=True,
    )
    if not verdict.lines:
        _remove(root)
    return Tally(1, Counter(flow.name for flow in begun), struck, verdict)


def _remove(root: Path) -> None:
    from bot.toolchains.workspace import remove_tree

    remove_tree(root)
