"""Serve on one port for as long as the process lives: the set-up while there is no App, then the bot.

Nobody restarts anything. Once an App is kept, by the set-up here or by ``forgehand setup`` beside it, the bot starts in
this process and takes the port over. When another App replaces that one, the bot is closed and starts anew. An App of
the environment or of ``server.yml`` is used at once: there is no set-up then.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from bot import logs, metrics
from bot.app import opened_database, running
from bot.doctor.models import check_models
from bot.doors.room.wizard import CODE_MINUTES, Wizard
from bot.github.api.access import open_session
from bot.github.resources.manifest import load_manifest
from bot.keys.resealing import find_unknown
from bot.onboarding import apps
from bot.onboarding.registrar import Registrar
from bot.rates import Rates
from bot.sealing.masters import find_master
from bot.settings import Settings
from bot.settings_sources import SettingsError
from bot.store import datadir, onboarding
from bot.store.store import Store
from bot.types import ForgehandError
from bot.upkeep.scratch import scratch
from bot.web.server import Crowd, make_runner, make_web
from bot.web.strangers import Strangers
from bot.work.services import Services

_LOOK_SECONDS = 2.0  # so often the database is asked whether another process has kept an App
log = structlog.get_logger(__name__)


class CannotListen(ForgehandError):
    """The address to listen on is taken or is not this machine's."""


class Port:
    """The address that is listened on; what answers behind it may change.

    Whoever connects in between waits for what comes.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._sockets: list[socket.socket] = []
        self._runner: web.AppRunner | None = None

    async def put(self, runner: web.AppRunner) -> None:
        """Have an application answer, which was set up, in place of another.

        Raises :class:`CannotListen`.
        """
        self._sockets = self._sockets or await self._bind()
        for bound in self._sockets:
            await web.SockSite(runner, bound.dup()).start()
        before, self._runner = self._runner, runner
        if before is not None:
            await before.cleanup()

    async def clear(self) -> None:
        """Let nothing answer for now."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def close(self) -> None:
        """Listen no more: who connects is refused, and may ask another."""
        for bound in self._sockets:
            bound.close()
        await self.clear()

    async def _bind(self) -> list[socket.socket]:
        made: list[socket.socket] = []
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, kind, protocol, _, address in dict.fromkeys(found):
                made.append(bound := socket.socket(family, kind, protocol))
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                bound.bind(address)
        except OSError as error:
            for bound in made:
                bound.close()
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise CannotListen(
                f"Cannot listen on {self._host}, port {self._port} ({reason}). Stop what listens there, or choose "
                "another address with --host and --port (FORGEHAND_HOST, FORGEHAND_PORT; for metrics "
                "FORGEHAND_METRICS_HOST, FORGEHAND_METRICS_PORT)."
            ) from None
        return made


async def serve(settings: Settings) -> bool:
    """Serve until SIGTERM, SIGINT or SIGHUP; with no workers, take in only."""
    return await _live(settings, doors=True)


async def work(settings: Settings) -> bool:
    """Work until SIGTERM, SIGINT or SIGHUP, at what other processes take in."""
    return await _live(settings, doors=False)


async def _live(settings: Settings, *, doors: bool) -> bool:
    _check_share(settings, doors=doors)
    logs.configure(settings)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the usual 1,024 are for programs that use select()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.to_thread(datadir.prepare, settings.data_dir)
    port = Port(settings.host, settings.port)
    with scratch(settings.data_dir / "tmp"):
        try:
            await _serve(port, settings, stop, doors=doors)
        finally:
            await port.close()
    return True


def _check_share(settings: Settings, *, doors: bool) -> None:
    """Refuse processes that leave work to others where there can be no others."""
    if not doors and not settings.workers:
        raise SettingsError(
            "`forgehand work` with FORGEHAND_WORKERS=0 would do nothing: set how many tasks run at once."
        )
    if (not doors or not settings.workers) and settings.database.startswith("sqlite"):
        raise SettingsError(
            "Doors and workers as processes of their own need PostgreSQL, because SQLite serves one process: set "
            "FORGEHAND_DATABASE_URL, or run `forgehand serve` with FORGEHAND_WORKERS of at least 1."
        )


async def _serve(port: Port, settings: Settings, stop: asyncio.Event, *, doors: bool) -> None:
    """Serve the set-up until there is an App, then the bot."""
    if apps.has_own_app(settings):
        await _run(port, settings, stop, doors=doors)
        return
    while not stop.is_set():
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(opened_database(settings))
            if await store.run(onboarding.find_app) is None:
                session = await stack.enter_async_context(open_session())
                await _wait_for_app(port, settings, store, session, stop, doors=doors)
            kept = await store.run(onboarding.find_app)
            if kept is not None and not stop.is_set():
                full = await apps.complete(settings, store)
                await _run(port, full, stop, doors=doors, known=kept.created)


async def _wait_for_app(
    port: Port, settings: Settings, store: Store, session: aiohttp.ClientSession, stop: asyncio.Event, *, doors: bool
) -> None:
    """Serve the set-up until an App is kept.

    It goes on answering until the bot does. Who has no doors waits for what another process keeps.
    """
    wizard = Wizard(settings, store, Registrar(settings, store, session, load_manifest()), session)
    await port.put(await _set_up(_make_front(settings, store, wizard if doors else None)))
    if doors:
        log.warning("not set up yet: open this in a browser", open=wizard.invite(), minutes=CODE_MINUTES)
    else:
        log.warning("not set up yet: waiting for the App that `forgehand serve` or `forgehand setup` registers")
    await _first(stop.wait(), wizard.registered.wait(), _until_app_changes(store, None))


def _make_front(settings: Settings, store: Store, wizard: Wizard | None) -> web.Application:
    """Return what answers while there is no App: health and the set-up."""

    async def is_set_up() -> bool:
        return False

    async def refuse(_request: web.Request) -> web.Response:
        # GitHub keeps it: it is asked for once the bot runs
        return web.json_response({"message": "Not set up yet."}, status=503)

    ready = {"set-up": is_set_up}
    if wizard is None:
        return make_web(store, (), ready)
    strangers = Strangers(Rates().part("strangers"), settings.refused_requests_a_minute, settings.proxies)
    routes = [web.post("/webhook", refuse), web.get("/", wizard.lead_in)]
    return make_web(store, routes, ready, wizard.mounted(), strangers)


async def _run(port: Port, settings: Settings, stop: asyncio.Event, *, doors: bool, known: int | None = None) -> None:
    """Run the bot until told to stop, or until another App is kept.

    ``known``: when the App that it runs as was kept, None for one of the settings.
    """
    async with running(settings, doors=doors) as bot, _telling(settings, bot.metrics):
        crowd = Crowd(bot.web)
        runner = await _set_up(bot.web)
        assert runner.server is not None
        watching = asyncio.create_task(crowd.watch(runner.server))
        await _tell_lacks(bot.services)  # before strangers can use up what the probe needs
        await port.put(runner)
        bot.opened.set()
        _settle_memory()
        log.info(
            "serving",
            host=settings.host,
            port=settings.port,
            sandbox=bot.services.sandbox.tier,
            doors=doors,
            workers=settings.workers,
        )
        changes = [] if known is None else [_until_app_changes(bot.services.store, known)]
        await _first(stop.wait(), *changes)
        log.info("stopping")
        await (port.close() if stop.is_set() else port.clear())
        await _stop(watching)


@asynccontextmanager
async def _telling(settings: Settings, page: web.Application) -> AsyncIterator[None]:
    """Answer Prometheus on a port of its own, where one is set."""
    if settings.metrics_port is None:
        yield
        return
    port = Port(settings.metrics_host, settings.metrics_port)
    try:
        await port.put(await _set_up(page))
        yield
    finally:
        await port.close()


async def _set_up(application: web.Application) -> web.AppRunner:
    runner = make_runner(application)
    await runner.setup()
    return runner


async def _until_app_changes(store: Store, known: int | None) -> None:
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        kept = await store.read(onboarding.find_app)
        if kept is not None and kept.created != known:
            return


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Wait for the first of these; the others are given up."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            await _stop(task)


async def _tell_lacks(services: Services) -> None:
    """Log at startup which parts of the work cannot run on this server."""
    problem = await services.sandbox.probe()
    _tell_sandbox(services, works=problem is None)
    if problem is not None and services.settings.workers:
        log.warning("no repository code can run, so nothing can be fixed", reason=problem)
    for unknown in await find_unknown(services.store, find_master(services.settings)):
        log.error("something that is sealed cannot be opened", reason=unknown)
    for line in check_models(services.models.catalogue):
        if line.level != "ok":
            log.warning("a model cannot be asked", reason=line.text)


def _tell_sandbox(services: Services, *, works: bool) -> None:
    """Show which sandbox is in use, and whether a better one was asked for."""
    asked, tier = services.settings.sandbox, services.sandbox.tier
    weak = tier != "bubblewrap" if asked == "auto" else not works and asked != "none"
    metrics.SANDBOX_TIER.labels(tier).set(1)
    metrics.SANDBOX_WEAK.set(weak and services.settings.workers > 0)


def _settle_memory() -> None:
    """Release startup memory and freeze the long-lived objects.

    What lives for ever is left out of later collections. A payload is thousands of objects and no cycle: at the usual
    threshold each delivery would set off collections.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # other C libraries have no such function
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
