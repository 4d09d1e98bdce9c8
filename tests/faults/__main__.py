"""Strike the bot while it works, and see whether anybody could tell: ``make faults``.

Real servers in front of the simulated GitHub and a scripted model: one on SQLite, two on PostgreSQL, in turns. Each
round begins all flows at once and strikes by a plan that its seed makes. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.local.hosting import free_port
from simhub.webhooks import Disorder
from tests.e2e.scenes import SAMPLE
from tests.faults import answers, flows
from tests.faults.blows import Blow, Kind, Striker, faults, model_faults, plan
from tests.faults.flows import Flow
from tests.faults.verdict import Verdict, judge
from tests.support import forks
from tests.support.databases import PostgresServer, new_postgres, run_postgres
from tests.support.story import Story, told

_DATABASES = ("sqlite", "postgres")
_PATIENCE = 240.0  # from the last blow on: two processes take over after half a minute, GitHub's log is read at starts
_STILL = 2.0
_SHORT_BLOWS = 4


@dataclass
class Tally:
    """What all rounds showed."""

    rounds: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)


@asynccontextmanager
async def town(root: Path, server: PostgresServer | None, striker: Striker) -> AsyncIterator[list[Story]]:
    """One server on SQLite, or two on a new database of the PostgreSQL server."""
    (root / "first").mkdir(parents=True)
    settings = {"FORGEHAND_SWEEP_MINUTES": "0.5"}  # what came while nobody answered is asked for again soon
    if server:
        settings["FORGEHAND_DATABASE_URL"] = new_postgres(server.url)
    async with told(root / "first", SAMPLE, answers.rules(striker.asked), **settings) as first:
        servers = [first]
        try:
            if server:
                (root / "second").mkdir()
                servers.append(replace(first, root=root / "second", port=free_port(), process=None))
                await servers[1].start_bot()
            yield servers
        finally:
            for each in servers:
                await each.stop_bot()


async def play(root: Path, server: PostgresServer | None, chance: random.Random, most: int) -> tuple[Striker, Verdict]:
    """Play one round of at most so many blows."""
    striker = Striker([], server, model_faults(chance))
    async with town(root, server, striker) as servers:
        striker.servers = servers
        begun = flows.make(servers[0], root)
        for flow in begun:
            await flow.begin()
        striker.watch()
        for fault in faults(chance):
            servers[0].hub.faults.add(fault)
        servers[0].hub.webhooks.disorder = Disorder(delay=chance.uniform(0, 1), copies=2, shuffle=True)
        await _disturb(begun, striker, plan(chance, shared=server is not None)[:most])
        await _end(begun)
        await asyncio.sleep(_STILL)
        for each in servers:
            await each.stop_bot()
        return striker, judge(begun, servers, striker.asked_before)


async def _disturb(begun: Sequence[Flow], striker: Striker, blows: Sequence[Blow]) -> None:
    going = asyncio.create_task(_go_on(begun))
    try:
        for blow in blows:
            if all(flow.ended for flow in begun):
                return
            await striker.strike(blow)
    finally:
        going.cancel()


async def _go_on(begun: Sequence[Flow]) -> None:
    while True:
        for flow in begun:
            await flow.go_on()
        await asyncio.sleep(0.2)


async def _end(begun: Sequence[Flow]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and not all(flow.ended for flow in begun):
        for flow in begun:
            await flow.go_on()
        await asyncio.sleep(0.2)


def run(options: argparse.Namespace) -> Tally:
    """Play rounds until the time is over; print how each went."""
    tally = Tally()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    end = time.monotonic() + 60 * options.minutes
    with ExitStack() as stack:
        kinds = _DATABASES if options.database == "both" else (options.database,)
        server = stack.enter_context(run_postgres()) if "postgres" in kinds else None
        while (tally.rounds < len(kinds)) if options.short else (time.monotonic() < end):
            kind = kinds[tally.rounds % len(kinds)]
            root = Path(tempfile.mkdtemp(prefix="forgehand-faults-"))
            began = time.monotonic()
            chance = random.Random(seed + tally.rounds)
            used = server if kind == "postgres" else None
            striker, verdict = asyncio.run(play(root, used, chance, _SHORT_BLOWS if options.short else 99))
            print(
                f"seed {seed + tally.rounds} on {kind}: {dict(striker.struck)}, {time.monotonic() - began:.0f} s",
                *verdict.lines,
                *([f"kept: {root}"] if verdict.lines else []),
                sep="\n  ",
                flush=True,
            )
            if not verdict.lines:
                stack.callback(_remove, root)
            tally.rounds += 1
            tally.struck += striker.struck
            tally.verdict.add(verdict)
    return tally


def _remove(root: Path) -> None:
    from bot.toolchains.workspace import remove_tree

    remove_tree(root)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="one round on each database, with few blows")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no round after so long")
    parser.add_argument("--seed", type=int, help="of the first round; each later one adds one")
    parser.add_argument("--database", choices=[*_DATABASES, "both"], default="both")
    options = parser.parse_args()
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)  # a killed server hangs up on the hub
    tally = run(options)
    forks.close()
    kills = sum(tally.struck[kind.value] for kind in Kind)
    told = {"kills": kills, **tally.verdict.counts, "struck": dict(tally.struck)}
    print(json.dumps({**told, "rounds": tally.rounds, "load_average": round(os.getloadavg()[0], 1)}))
    sys.exit(any(tally.verdict.counts.values()))


if __name__ == "__main__":
    main()
