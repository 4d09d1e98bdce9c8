"""A server that has nothing to do: what it takes of a core and of memory, and how soon it begins a task that comes.

The real server in front of the simulated GitHub, on SQLite and, where the tests' PostgreSQL is installed, on that. The
processor's time is the kernel's count for the process over ``--seconds``. A task's start is measured from the moment
when its delivery was stored to the moment when its workflow began, both noted by the server in its database. Each task
comes to a server that has nothing to do: it is filed when the one before has ended.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa

from bench.webhooks.servers import SECRET, serving
from bot.local.hosting import free_port, manifest_rights
from simhub import Hub
from tests.support.databases import import_wheel

_SETTLE_SECONDS = 10.0
_BETWEEN_SECONDS = 0.73  # in step with no interval of ours
_STARTS = sa.text("select started - received from fh_task join fh_delivery on guid = delivery where ended is not null")


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL of our own; yield the URL of its database."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        server = import_wheel().get_server(folder, cleanup_mode="stop")
        try:
            yield f"postgresql://postgres:@/postgres?host={folder}"
        finally:
            server.cleanup()


async def measure(folder: Path, database: str | None, seconds: float, count: int) -> dict[str, Any]:
    """Measure one server; the figures by name."""
    folder.mkdir()
    settings = {"FORGEHAND_SANDBOX": "none"} | ({"FORGEHAND_DATABASE_URL": database} if database else {})
    async with Hub.start(folder / "hub") as hub:
        app = hub.create_app("forgehand", webhook_secret=SECRET, **manifest_rights())
        maintainer = hub.create_user("mara")
        repository = hub.create_repository("octo/sample")
        hub.set_permission(repository, "mara", "admin")
        port = free_port()
        app.webhook_url = f"http://127.0.0.1:{port}/webhook"
        async with serving(hub, app, folder, port, settings) as server:
            hub.install(app, "octo", [repository])
            await hub.settled()
            await asyncio.sleep(_SETTLE_SECONDS)
            before = server.cpu_s()
            await asyncio.sleep(seconds)
            taken = server.cpu_s() - before
            resident = server.rss_mb()
            headers = {"Authorization": f"token {maintainer.token}"}
            url = (database or f"sqlite:///{folder / 'data' / 'forgehand.db'}").replace(
                "postgresql:", "postgresql+psycopg:"
            )
            async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
                for number in range(count):
                    issue = {"title": f"Cents are lost {number}", "body": "They are.", "labels": ["ai-bug-fix"]}
                    await (await session.post(f"{hub.api_url}/repos/octo/sample/issues", json=issue)).read()
                    starts = await _starts(url, number + 1)
                    await asyncio.sleep(_BETWEEN_SECONDS)
    return {
        "idle_core_percent": round(100 * taken / seconds, 2),
        "idle_rss_mb": round(resident, 1),
        "start_ms": statistics.median(starts),
        "slowest_start_ms": max(starts),
    }


async def _starts(url: str, count: int) -> list[int]:
    """Wait until so many tasks have ended; the milliseconds after which each had begun."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    async with asyncio.timeout(120):
        while True:
            with engine.connect() as connection:
                found = list(connection.execute(_STARTS).scalars())
            if len(found) >= count:
                return found
            await asyncio.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long an idle server is watched")
    parser.add_argument("--tasks", type=int, default=10, help="how many tasks are started")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        databases: dict[str, str | None] = {"sqlite": None}
        with suppress(ImportError):
            databases["postgres"] = stack.enter_context(postgres())
        for name, database in databases.items():
            figures[name] = asyncio.run(measure(Path(folder) / name, database, options.seconds, options.tasks))
            print(f"{name:<9} {figures[name]}", flush=True)
    worst = {key: max(each[key] for each in figures.values()) for key in figures["sqlite"]}
    print(json.dumps({**worst, **figures}))


if __name__ == "__main__":
    main()
