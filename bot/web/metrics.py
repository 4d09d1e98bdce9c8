"""Render ``/metrics``: live counters, and what the database knows."""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
import time
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import get_args

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import Gauge, generate_latest

from bot import metrics
from bot.engine.port import FINAL_STATES
from bot.github.api.access import GitHubLoad
from bot.keys.records import find_due, state_of
from bot.models.gateway import PASSES_ON, name_error
from bot.money import micro_dollars, to_dollars
from bot.settings import MODEL_ROLES, Settings
from bot.store import deliveries, keys, limits, totals, worth
from bot.store.database import now_ms
from bot.store.limit_uses import list_uses
from bot.store.limits import Limit, LimitScope
from bot.store.store import Store
from bot.store.turns import Lane

_FRESH_SECONDS = 10.0
_READ_SECONDS = 5.0
_RECENT_MS = 14 * 24 * 3600 * 1000

_READ = Gauge("forgehand_database_read_timestamp_seconds", "When what comes from the database was read.")
_OPEN = Gauge("forgehand_inbox_open", "Deliveries stored and not yet handled.")
_OLDEST = Gauge("forgehand_inbox_oldest_seconds", "How long the oldest of them has waited.")
_FAILED = Gauge("forgehand_inbox_failed", "Deliveries whose handling failed.")
_TASKS = Gauge("forgehand_tasks", "Tasks that have not ended, or wait for people.", ["task", "state"])
_QUEUED = Gauge("forgehand_queue_oldest_seconds", "How long the oldest task without a worker has waited.", ["lane"])
_OUTCOMES = Gauge("forgehand_pull_requests", "Our pull requests of the last 14 days, by how they ended.", ["outcome"])
_MERGED = Gauge(
    "forgehand_merged_pull_request_dollars",
    "Dollars paid in the last 14 days for a type of task, by merged pull request.",
    ["task"],
)
_TODAY = Gauge("forgehand_dollars_today", "Dollars paid for models since the day of the time zone began.")
_USED = Gauge("forgehand_budget_used_ratio", "Largest used share of a limit of money.", ["scope"])
_KEYS = Gauge("forgehand_keys", "Keys of providers in use, by state.", ["state"])
_ROTATION = Gauge(
    "forgehand_key_rotation_seconds", "Seconds until the first key is overdue for replacement, below 0 after."
)
_GITHUB_LEFT = Gauge(
    "forgehand_github_left_ratio", "Least share of GitHub's hourly limits that an installation has left."
)
_GITHUB_WAITING = Gauge("forgehand_github_waiting", "Requests that wait for their turn at GitHub.")


class MetricsPage:
    """The metrics page: one database read serves all for a few seconds.

    ``quick`` names the tasks that have a lane of their own.
    """

    def __init__(
        self, store: Store, settings: Settings, quick: Collection[str], measure_github: Callable[[], GitHubLoad]
    ) -> None:
        self._store = store
        self._settings = settings
        self._quick = quick
        self._measure_github = measure_github
        self._read_at = float("-inf")
        _show_zeros()
        _tell_build()

    async def render(self) -> bytes:
        """Render the metrics in Prometheus text format, version 0.0.4."""
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            self._read_at = time.monotonic()
            with suppress(TimeoutError):  # without its database the server still tells what it counts
                async with asyncio.timeout(_READ_SECONDS):
                    await self._store.read(partial(_read, settings=self._settings, quick=self._quick))
                _READ.set_to_current_time()
        load = self._measure_github()
        _GITHUB_LEFT.set(load.left)
        _GITHUB_WAITING.set(load.waiting)
        return generate_latest()


def make_metrics(page: MetricsPage) -> web.Application:
    """Return the application that answers with the page."""

    async def handle(_request: web.Request) -> web.Response:
        return web.Response(body=await page.render(), content_type="text/plain", charset="utf-8")

    app = web.Application()
    app.add_routes([web.get("/metrics", handle)])
    return app


def _tell_build() -> None:
    version = "unknown"
    with suppress(importlib.metadata.PackageNotFoundError):
        version = importlib.metadata.version("forgehand")
    metrics.BUILD.info({"version": version, "python": platform.python_version()})


def _show_zeros() -> None:
    """List what has not happened yet, at 0.

    Of what begins at 1 Prometheus sees no growth.
    """
    for state in FINAL_STATES:
        metrics.ENDED_TASKS.labels(state)
    for role in MODEL_ROLES:
        metrics.MODEL_FALLBACKS.labels(role)
        for result in ("answered", *map(name_error, PASSES_ON)):
            metrics.MODEL_QUESTIONS.labels(role, result)
    for scope in get_args(LimitScope):
        metrics.BUDGET_REFUSALS.labels(scope)
    for limit in ("primary", "secondary"):
        metrics.GITHUB_LIMITED.labels(limit)
    for result in ("done", "failed"):
        metrics.HANDLED.labels(result)


def _read(connection: sa.Connection, settings: Settings, quick: Collection[str]) -> None:
    depth = deliveries.measure_depth(connection)
    _OPEN.set(depth.open)
    _OLDEST.set(_seconds_since(depth.oldest))
    _FAILED.set(depth.failed)
    _TASKS.clear()
    for (name, state), count in totals.count_open_tasks(connection).items():
        _TASKS.labels(name, state).set(count)
    oldest = totals.find_oldest_queued(connection, quick)
    for lane in get_args(Lane):
        _QUEUED.labels(lane).set(_seconds_since(oldest.get(lane)))
    _read_pull_requests(connection)
    _read_budgets(connection, settings)
    _read_keys(connection)


def _read_pull_requests(connection: sa.Connection) -> None:
    now = now_ms()
    ends = worth.measure_tasks(connection, (now - _RECENT_MS, now + 1))
    for kind in ("merged", "edited", "closed", "reverted"):
        _OUTCOMES.labels(kind).set(sum(getattr(each, kind) for each in ends))
    _MERGED.clear()
    for each in ends:
        if each.a_merge is not None:
            _MERGED.labels(each.task).set(to_dollars(each.a_merge))


def _read_budgets(connection: sa.Connection, settings: Settings) -> None:
    """Read the limits of the settings and of operators, not of policies."""
    day = Limit(scope="instance", name="", period="day", ceiling=micro_dollars(settings.budget.day))
    uses = list_uses(connection, [day, *limits.list_limits(connection)], settings.zone)
    _TODAY.set(to_dollars(uses[0].paid))
    shares: dict[str, float] = {}
    for use in uses:
        share = use.paid / use.limit.ceiling if use.limit.ceiling else 0.0
        shares[use.limit.scope] = max(shares.get(use.limit.scope, 0.0), share)
    _USED.clear()
    for scope, share in shares.items():
        _USED.labels(scope).set(share)


def _read_keys(connection: sa.Connection) -> None:
    now = now_ms()
    used = [key for key in keys.list_all(connection) if key.use == "current" and key.retired is None]
    _KEYS.clear()
    for state, count in Counter(state_of(key, now) for key in used).items():
        _KEYS.labels(state).set(count)
    _ROTATION.set(min(((find_due(key) - now) / 1000 for key in used), default=float("inf")))


def _seconds_since(moment: int | None) -> float:
    return 0.0 if moment is None else max(now_ms() - moment, 0) / 1000
