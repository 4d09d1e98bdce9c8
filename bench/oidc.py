"""Tokens of GitHub Actions: how long it takes to verify one, without and with the row that forbids to use it twice.

The issuer is a hub in this process. ``cold`` is the first token, for which its keys are fetched. ``cpu`` leaves out
what other programs on the machine take.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

from bot.doors.oidc.issuers import Issuer
from bot.doors.oidc.verification import Run, Verifier, check_run
from bot.github.api.access import open_session
from bot.store import used_tokens
from bot.store.database import create_engine
from bot.store.store import Store
from simhub import Hub

_AUDIENCE = "https://forgehand.example.org"
_WARM_UP = 50


async def mint(hub: Hub, count: int) -> list[str]:
    """``count`` tokens of one run."""
    repository = hub.create_repository("octo/sample", source=Path(__file__).parent / "webhooks")
    person = hub.create_user("mara")
    sha = (await hub.git(repository).run("rev-parse", "main")).decode().strip()
    run = await hub.start_workflow(repository, sha, event="issues", actor=person.login)
    return [hub.id_tokens.mint(run, _AUDIENCE) for _ in range(count)]


def told(name: str, seconds: list[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {f"{name}_p50_ms": round(cuts[49] * 1000, 3), f"{name}_p99_ms": round(cuts[98] * 1000, 3)}


async def measure(count: int) -> dict[str, float]:
    verified, used, busy = list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as scratch:
        store = Store(create_engine(f"sqlite:///{scratch}/forgehand.db"))
        store.migrate()
        async with Hub.start(Path(scratch) / "hub") as hub, open_session() as session:
            tokens = await mint(hub, count + _WARM_UP)
            verifier = Verifier([Issuer(session, hub.id_tokens.issuer)], _AUDIENCE)
            cold = time.perf_counter()
            await verifier.verify(tokens[0])
            cold = time.perf_counter() - cold
            for token in tokens:
                began, cpu = time.perf_counter(), time.thread_time()
                run = await verifier.verify(token)
                check_run(run)
                verified.append(time.perf_counter() - began)
                busy.append(time.thread_time() - cpu)
                assert await _use(store, run)
                used.append(time.perf_counter() - began)
        store.close()
    warm = told("verify", verified[_WARM_UP:]) | told("cpu", busy[_WARM_UP:]) | told("with_row", used[_WARM_UP:])
    return {"tokens": count, "cold_ms": round(cold * 1000, 1), **warm}


async def _use(store: Store, run: Run) -> bool:
    return await store.run(lambda connection: used_tokens.use(connection, run.issuer, run.jti, run.good_until * 1000))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2000)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(measure(options.tokens))))


if __name__ == "__main__":
    main()
