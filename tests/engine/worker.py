"""The worker process of the crash tests.

Steps append what they do to ``FOLDER/log``. A step whose ``FOLDER/hold-<step>`` exists waits until it is gone.
SIGTERM closes the engine in order.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from bot.engine.dbos import DbosEngine
from bot.engine.port import Ctx, EngineError, FlowSpec, FlowTable, Outcome, Step
from bot.store.database import create_engine
from bot.store.store import Store
from bot.types import JsonModel
from tests.engine.harness import Nothing, done

FOLDER = Path()


class StepEnd(JsonModel):
    step: str
    by: int


def note(text: str) -> None:
    with (FOLDER / "log").open("a") as log:
        log.write(f"{text} {os.getpid()}\n")


async def work(step: str) -> StepEnd:
    note(f"start {step}")
    while (FOLDER / f"hold-{step}").exists():
        await asyncio.sleep(0.01)
    note(f"end {step}")
    return StepEnd(step=step, by=os.getpid())


async def five(ctx: Ctx, _: Nothing) -> Outcome:
    seen = [await ctx.step(f"s{number}", work, f"s{number}") for number in range(1, 6)]
    return done(" ".join(f"{type(one).__name__}.{one.step}" for one in seen))


async def branches(ctx: Ctx, _: Nothing) -> Outcome:
    """Three rounds of steps side by side, whose ends come in another order than their names."""
    seen: list[str] = []
    for number in range(1, 4):
        ends = await ctx.parallel({name: Step(work, (name,)) for name in (f"b{number}", f"a{number}", f"c{number}")})
        seen += [f"{name}={one.step}" for name, one in ends.items()]
    await ctx.step("last", work, "last")
    return done(" ".join(seen))


async def die() -> None:
    note("start die")
    while (FOLDER / "hold-die").exists():
        await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


async def poison(ctx: Ctx, _: Nothing) -> Outcome:
    await ctx.step("die", die)
    return done()


async def long_call() -> str:
    note("start long")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        note("interrupted long")
        raise
    return "late"


async def asks(ctx: Ctx, _: Nothing) -> Outcome:
    return done(await ctx.step("long", long_call, interruptible=True))


async def small() -> str:
    note("small")
    return "x" * 200


async def many(ctx: Ctx, _: Nothing) -> Outcome:
    note("many begins")
    begun = time.process_time()
    for number in range(120):
        await ctx.step(f"small-{number}", small)
    note(f"processor-ms={(time.process_time() - begun) * 1000:.0f}")
    await ctx.step("s1", work, "s1")
    return done()


def table() -> FlowTable:
    flows = FlowTable()
    for flow in (five, branches, poison, asks, many):
        flows.add(FlowSpec(flow.__name__, flow, Nothing))
    return flows


def run(url: str, folder: Path, heartbeat_seconds: float) -> None:
    """Work until SIGTERM; a refusal to launch is the process's exit and goes to ``FOLDER/refused``."""
    global FOLDER
    FOLDER = folder
    asyncio.run(serve(url, heartbeat_seconds))


async def serve(url: str, heartbeat_seconds: float) -> None:
    store = Store(create_engine(url))
    engine = DbosEngine(store, table(), heartbeat_seconds=heartbeat_seconds)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    try:
        await engine.launch()
    except EngineError as error:
        (FOLDER / "refused").write_text(error.message)
        raise SystemExit(3) from None
    note("launched")
    await stop.wait()
    await engine.close(drain_seconds=0.1)
    store.close()
