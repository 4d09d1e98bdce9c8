"""Render ``/metrics``: live counters and totals from the database."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import sqlalchemy as sa
from prometheus_client import Gauge, generate_latest

import bot.metrics  # noqa: F401 - the page lists these also before anything is counted
from bot.store import deliveries, totals
from bot.store.database import now_ms
from bot.store.store import Store

_FRESH_SECONDS = 10.0
_READ_SECONDS = 5.0

_OPEN = Gauge("forgehand_inbox_open", "Deliveries stored and not yet handled.")
_OLDEST = Gauge("forgehand_inbox_oldest_seconds", "How long the oldest of them has waited.")
_FAILED = Gauge("forgehand_inbox_failed", "Deliveries whose handling failed.")
_TASKS = Gauge("forgehand_tasks", "Tasks by name and state.", ["task", "state"])
_OUTCOMES = Gauge("forgehand_pull_requests", "Our pull requests that were closed, by how they ended.", ["outcome"])
_DOLLARS = Gauge("forgehand_model_dollars", "Dollars spent on models so far.", ["model", "role"])
_REPEATED = Gauge("forgehand_steps_repeated", "Steps started again because a process ended in their midst.")


class MetricsPage:
    """The metrics page: one database read serves all for a few seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read_at = float("-inf")

    async def render(self) -> bytes:
        """Render the metrics in Prometheus text format, version 0.0.4."""
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            self._read_at = time.monotonic()
            with suppress(TimeoutError):  # without its database the server still tells what it counts
                async with asyncio.timeout(_READ_SECONDS):
                    await self._store.read(_read)
        return generate_latest()


def _read(connection: sa.Connection) -> None:
    depth = deliveries.measure_depth(connection)
    _OPEN.set(depth.open)
    _OLDEST.set(0 if depth.oldest is None else (now_ms() - depth.oldest) / 1000)
    _FAILED.set(depth.failed)
    _TASKS.clear()
    for (name, state), count in totals.count_tasks(connection).items():
        _TASKS.labels(name, state).set(count)
    for kind, count in totals.count_outcomes(connection).items():
        _OUTCOMES.labels(kind).set(count)
    for (model, role), dollars in totals.sum_dollars(connection).items():
        _DOLLARS.labels(model, role).set(dollars)
    _REPEATED.set(totals.count_repeats(connection))
