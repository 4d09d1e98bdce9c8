"""Kill those who ask models, and hold the ledger against the model server's own record.

``python -m tests.faults.billing --kills 200``: half of them on SQLite with one process, half on PostgreSQL with two.
The last line is one JSON object; all money in it is whole micro-dollars.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from bot.models.catalogue import Catalogue
from bot.models.port import Usage
from bot.settings import BudgetSettings
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.tables import model_call
from simhub.model_formats import Json, ModelRequest
from simhub.scripted_model import Bill, Script, ScriptedModel
from tests.support.api_server import be_quiet
from tests.support.databases import new_postgres, new_sqlite, run_postgres
from tests.support.models import new_gateway, scripted_settings, spender, talk
from tests.support.patience import PATIENCE

_AT_ONCE = 3
_MOST_ANSWERS = 6  # of a life
_LONGEST_PAUSE = 0.02  # seconds behind the last of them
_WIDE: dict[str, Any] = {"budget": BudgetSettings(task=10_000.0, day=100_000.0), "roles": {"fix": ["claude-haiku-5-5"]}}


@dataclass(frozen=True)
class Comparison:
    """Both records: ``unheard`` is what was billed and is settled nowhere."""

    billed: int
    paid: int
    unheard: int
    lost: int  # at most
    bills: int
    calls: int
    unheard_bills: int
    lost_calls: int
    failed_calls: int  # a provider's fault, or hung up on
    unbilled: int  # settled answers that the server does not know

    @property
    def agrees(self) -> bool:
        """Return True if every bill is a settled call, or one that died."""
        whole = self.billed == self.paid + self.unheard and self.unbilled == 0
        return whole and self.unheard_bills <= self.lost_calls and self.unheard <= self.lost


def compare(store: Store, bills: list[Bill], catalogue: Catalogue) -> Comparison:
    """Hold the ledger's calls against bills, one by one."""
    rows = store.run_sync(lambda connection: connection.execute(sa.select(model_call)).all())
    answered = Counter((row.model, row.cost) for row in rows if row.state == "answered")
    died = [row.reserved for row in rows if row.state in {"reserved", "lost"}]
    charged = Counter((bill.model, _price(bill, catalogue)) for bill in bills)
    unheard = charged - answered
    return Comparison(
        billed=_add(charged),
        paid=_add(answered),
        unheard=_add(unheard),
        lost=sum(died),
        bills=charged.total(),
        calls=answered.total(),
        unheard_bills=unheard.total(),
        lost_calls=len(died),
        failed_calls=sum(row.state == "failed" for row in rows),
        unbilled=(answered - charged).total(),
    )


def _add(counted: Counter[tuple[str, int]]) -> int:
    return sum(cost * times for (_, cost), times in counted.items())


def _price(bill: Bill, catalogue: Catalogue) -> int:
    usage = Usage(input=bill.input, output=bill.output, cached=bill.cached, cache_write=bill.cache_write)
    return catalogue.spec(bill.model).micro_dollars(usage)


def _speak(asked: ModelRequest) -> Json:
    """Say something whose price has fractions of a micro-dollar."""
    chance = random.Random(asked.user)
    tokens = chance.randint(40, 90)
    cached = chance.randint(0, 20)
    usage = {"input": tokens, "output": chance.randint(1, 400), "cached": cached, "cache_write": chance.randint(0, 20)}
    return {"text": "So it is.", "usage": usage, "delay": 0.002}


async def spend(url: str, model_url: str, name: str) -> None:
    """Ask without end, as a process that will be killed."""
    server: Any = SimpleNamespace(anthropic_url=model_url, openai_url=f"{model_url}/v1")
    store = Store(create_engine(url))
    gateway = new_gateway(store, scripted_settings(server, **_WIDE))

    async def work(task: str) -> None:
        known = sa.select(sa.func.count()).where(model_call.c.task == task, model_call.c.state == "answered")
        step = await store.run(lambda connection: connection.execute(known).scalar_one())
        payer = spender(task, max_task=10_000.0, max_day=100_000.0)
        while True:
            await gateway.ask(payer, f"s{step}", "fix", talk(f"{task}, question {step}"), max_output=500)
            step += 1

    await asyncio.gather(*(work(f"{name}{number}") for number in range(_AT_ONCE)))


def _live(url: str, model_url: str, name: str) -> None:
    be_quiet()
    asyncio.run(spend(url, model_url, name))


async def kill(url: str, processes: int, kills: int, chance: random.Random) -> Comparison:
    """Have processes spend, and kill one after the other."""
    context = get_context("forkserver")  # a process that has imported everything, and has no threads
    context.set_forkserver_preload(["tests.faults.billing", "anthropic", "anthropic.resources.messages", "httpx2"])
    script = Script()
    script.on(_speak, reusable=True)
    async with ScriptedModel(script) as server:

        async def live(name: str, lives: int) -> None:
            for _ in range(lives):
                process = context.Process(target=_live, args=(url, server.anthropic_url, name), daemon=True)
                process.start()
                enough = len(server.bills) + chance.randint(0, _MOST_ANSWERS)
                async with asyncio.timeout(PATIENCE):
                    while len(server.bills) < enough:
                        await asyncio.sleep(0.002)
                await asyncio.sleep(chance.uniform(0, _LONGEST_PAUSE))
                process.kill()
                await asyncio.to_thread(process.join)

        lives = [kills // processes + (number < kills % processes) for number in range(processes)]
        await asyncio.gather(*(live(f"p{number}-", count) for number, count in enumerate(lives)))
        settings = scripted_settings(server, **_WIDE)
        store = Store(create_engine(url))
        try:
            return compare(store, server.bills, Catalogue(settings))
        finally:
            store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    half = options.kills // 2
    with tempfile.TemporaryDirectory() as folder, run_postgres() as server:
        sqlite = asyncio.run(kill(new_sqlite(Path(folder) / "spent.db"), 1, options.kills - half, chance))
        url = new_postgres(server.url)
        store = Store(create_engine(url))
        store.migrate()
        store.close()
        postgres = asyncio.run(kill(url, 2, half, chance))
    told = {"sqlite": vars(sqlite), "postgres": vars(postgres)}
    agree = sqlite.agrees and postgres.agrees
    print(json.dumps({"kills": options.kills, "agree": agree, **told}))
    sys.exit(not agree)


if __name__ == "__main__":
    main()
