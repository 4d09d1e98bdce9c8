"""Limits hold across processes: what one took the others do not give again."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

from bot.rates import Allowance, Rates
from bot.store.store import Store
from bot.upkeep.sharing import RateSharing
from tests.support.patience import PATIENCE

# a process of a server, as far as it limits: "take NAME" says what it has to wait for, "know NAME" waits until it would
PROCESS = """
import asyncio, sys
from bot.rates import Allowance, Rates
from bot.store.database import create_engine
from bot.store.store import Store
from bot.upkeep.sharing import RateSharing
async def main():
    store, rates = Store(create_engine(sys.argv[1])), Rates()
    sharing = RateSharing(store, rates)
    await sharing.exchange()
    print("ready", flush=True)
    running = asyncio.create_task(sharing.run())
    while line := await asyncio.to_thread(sys.stdin.readline):
        verb, name = line.rstrip().split(" ", 1)
        six = Allowance(name, 6, 36000.0)
        while verb == "know" and not rates.find_wait(six):
            await asyncio.sleep(0.05)
        print("given" if verb == "take" and rates.take(six) == 0.0 else "refused", flush=True)
asyncio.run(main())
"""


async def tell(process: Process, line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n".encode() if line else b"")
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode().strip()


async def test_two_processes_give_no_more_than_one_together(postgres: str) -> None:
    both = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", PROCESS, postgres, stdin=PIPE, stdout=PIPE)
        for _ in range(2)
    ]
    try:
        one, other = both
        assert [await tell(process, "") for process in both] == ["ready"] * 2
        for name in ("api person 1", "flood repository 1", "strangers 192.0.2.1"):
            given = [await tell(process, f"take {name}") for process in (one, other, one, other, one, one)]
            assert given == ["given"] * 6
        for name in ("api person 1", "flood repository 1", "strangers 192.0.2.1"):
            for process in both:
                assert [await tell(process, f"{verb} {name}") for verb in ("know", "take")] == ["refused"] * 2
    finally:
        for process in both:
            process.kill()
            await process.wait()


async def test_what_one_process_took_another_does_not_give(store: Store) -> None:
    one, other = Rates(), Rates()
    loops = [RateSharing(store, one), RateSharing(store, other)]
    hour = Allowance("maria", 6, 3600.0)
    for _ in range(3):
        assert [rates.take(hour) for rates in (one, other)] == [0.0, 0.0]
        for loop in (*loops, *loops):
            await loop.exchange()
    assert min(rates.find_wait(hour) for rates in (one, other)) > 0, "six of six were given, three by each"
    doors = [rates.part(name) for rates in (one, other) for name in ("api", "room")]
    assert [door.take(hour) for door in doors] == [0.0] * 4, "each door has limits of its own"
    await loops[0].exchange()
    late = Rates()
    begins = RateSharing(store, late)
    await begins.exchange()
    await begins.exchange()
    assert late.part("api").find_wait(Allowance("maria", 1, 3600.0)) == 0.0, "what was told before is over"
