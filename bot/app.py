"""Wire a server process: the only place where concrete classes meet."""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from aiohttp import web

from bot import metrics
from bot.checkup import Line
from bot.context.index import Indexer
from bot.dispatch.progress import Reporter
from bot.dispatch.registry import Registry
from bot.doors.api import application as api
from bot.doors.handlers import Handlers
from bot.doors.room.application import make_room
from bot.doors.room.rendering import PREFIX as ROOM
from bot.doors.signals.book import SourceBook
from bot.doors.signals.endpoint import SignalEndpoint
from bot.doors.signals.gate import GateEndpoint
from bot.doors.webhook.dispatcher import Dispatcher
from bot.doors.webhook.endpoint import Accept, Endpoint
from bot.doors.webhook.inbox import Inbox
from bot.doors.webhook.sweep import Sweep
from bot.engine.dbos import DbosEngine
from bot.engine.port import FlowTable
from bot.git.mirrors import Mirrors
from bot.github.api.access import GitHubs, open_session
from bot.github.api.errors import BadCredentials, Forbidden, GitHubDown, Invalid, RateLimited
from bot.github.api.transport import SILENCE_SECONDS, Exchange, Journal
from bot.keys.keeper import Keeper
from bot.keys.ring import StoredKeys
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.policy import DefaultBranch, PolicyLoader
from bot.sandbox.admission import Admission
from bot.sandbox.cgroups import find_memory
from bot.sandbox.port import Sandbox
from bot.sandbox.process import NoSandbox
from bot.sandbox.tiers import choose_sandbox
from bot.sealing.masters import find_master
from bot.sealing.sealer import Sealer
from bot.settings import LOOPBACK, Settings
from bot.settings_sources import SettingsError
from bot.store import datadir
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.writes import WriteJournal
from bot.supervisor import Supervisor
from bot.toolchains.repository import make_toolchain
from bot.upkeep.due import DueWatch
from bot.upkeep.housekeeper import Housekeeper
from bot.upkeep.janitor import Janitor
from bot.upkeep.keys import KeyWatch
from bot.upkeep.sharing import RateSharing
from bot.web.metrics import MetricsPage, make_metrics
from bot.web.server import make_web
from bot.web.strangers import Strangers
from bot.work.services import Services
from handlers import HANDLERS

_PERMANENT = (Forbidden, Invalid)
_OUTAGES = (GitHubDown, RateLimited)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bot:
    """Everything that runs in one server process.

    ``opened`` is set once it can be reached: GitHub is not asked for missed deliveries before.
    """

    services: Services
    metrics: web.Application
    web: web.Application
    opened: asyncio.Event


@dataclass(frozen=True)
class Desk:
    """Everything that handles deliveries, without a server or an App."""

    services: Services
    registry: Registry
    accept: Accept  # takes a delivery and its bytes, as the webhook's endpoint does


Connect = Callable[[aiohttp.ClientSession, Journal], GitHubs]
"""How clients are made, given what records their writes."""


@asynccontextmanager
async def running(settings: Settings, handlers: Handlers = HANDLERS, *, doors: bool = True) -> AsyncIterator[Bot]:
    """Run the bot: migrate, recover the engine, open the inbox; then close.

    Without ``doors`` it only works: nothing comes in by it. Parts are closed in the reverse order. Raises
    :class:`SettingsError` where what it needs is missing, :class:`StoreError` without its database.
    """
    app_id, private_key = _credentials(settings)

    def connect(session: aiohttp.ClientSession, journal: Journal) -> GitHubs:
        return GitHubs.as_app(session, settings.api_url, app_id, private_key, observe=_count_request, journal=journal)

    async with AsyncExitStack() as stack:
        services, engine = await _start(stack, settings, handlers, connect)
        yield await _open(stack, settings, services, engine, handlers, doors=doors)


@asynccontextmanager
async def handling(settings: Settings) -> AsyncIterator[Desk]:
    """Run what handles deliveries with a repository's own token.

    Nothing listens, and nothing is asked of GitHub that only an App may ask. Raises as :func:`running` does.
    """
    token = settings.github_token
    if token is None:
        raise SettingsError("Not set: FORGEHAND_GITHUB_TOKEN, the token of the repository that the event is about.")

    def connect(session: aiohttp.ClientSession, journal: Journal) -> GitHubs:
        return GitHubs.with_token(session, settings.api_url, token.get_secret_value(), journal)

    async with AsyncExitStack() as stack:
        services, engine = await _start(stack, settings, HANDLERS, connect)
        dispatcher = _make_dispatcher(stack, services, engine, HANDLERS)
        _supervise(stack, {"reporter": Reporter(services, HANDLERS.registry).run, "dispatcher": dispatcher.run})
        yield Desk(services, HANDLERS.registry, dispatcher.accept)


async def _start(
    stack: AsyncExitStack,
    settings: Settings,
    handlers: Handlers,
    connect: Callable[[aiohttp.ClientSession, Journal], GitHubs],
) -> tuple[Services, DbosEngine]:
    """Put the services together and launch the engine."""
    sandbox = await _sandbox(settings)
    store = await stack.enter_async_context(opened_database(settings))
    session = await stack.enter_async_context(open_session())
    try:
        github = connect(session, WriteJournal(store))
    except BadCredentials as error:
        raise SettingsError(error.message) from None
    indexer = await stack.enter_async_context(Indexer(settings.data_dir / "index"))
    flows = FlowTable()
    engine = DbosEngine(
        store,
        flows,
        workers=settings.workers,
        heartbeat_seconds=SILENCE_SECONDS / 6,
        keep_days=settings.keep_days,
    )
    catalogue = Catalogue(settings)
    ring = StoredKeys(store, Keeper.of(settings, store, catalogue), catalogue)
    await ring.refresh()
    services = Services(
        settings=settings,
        store=store,
        github=github,
        mirrors=Mirrors(settings.data_dir / "mirrors", settings.web_url, names=github),
        models=ModelGateway(store, settings, catalogue, SdkModel, ring=ring),
        indexer=indexer,
        sandbox=sandbox,
        policies=PolicyLoader(DefaultBranch(github), settings, handlers.registry.schema, catalogue=catalogue),
        make_toolchain=lambda checks, tree: make_toolchain(sandbox, checks, tree, settings),
        engine=engine,
    )
    handlers.registry.add_flows(flows, services)
    await engine.launch()
    stack.push_async_callback(engine.close)
    return services, engine


def _make_dispatcher(
    stack: AsyncExitStack, services: Services, engine: DbosEngine, handlers: Handlers
) -> Dispatcher[Services]:
    inbox = Inbox(services.store, engine.executor)
    stack.callback(inbox.close)
    return Dispatcher(
        services.store,
        inbox,
        handlers.router,
        services,
        permanent=_PERMANENT,
        outages=_OUTAGES,
        gave_up=handlers.gave_up,
        find_dead=engine.find_dead,
    )


def _supervise(
    stack: AsyncExitStack, loops: Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
) -> dict[str, Supervisor]:
    """Start the loops that run beside the engine, until the stack is closed."""
    supervisors = {name: Supervisor(name, loop) for name, loop in loops.items()}
    for supervisor in supervisors.values():
        stack.push_async_callback(_stop, asyncio.create_task(supervisor.run()))
    return supervisors


async def _open(
    stack: AsyncExitStack,
    settings: Settings,
    services: Services,
    engine: DbosEngine,
    handlers: Handlers,
    *,
    doors: bool,
) -> Bot:
    """Open the inbox and start the loops that run beside the engine.

    Who has no doors handles the deliveries of dead processes only.
    """
    dispatcher = _make_dispatcher(stack, services, engine, handlers)
    github = services.github.app
    minutes = settings.sweep_minutes
    sweep = Sweep(github, services.store, dispatcher.accept, minutes=minutes, poll=settings.poll)
    reporter = Reporter(services, handlers.registry)
    janitor = Janitor(services)
    opened = asyncio.Event()
    loops = {"reporter": reporter.run, "janitor": janitor.run, "dispatcher": dispatcher.run}
    if doors:
        loops["sweep"] = partial(_run_after, opened, sweep.run)
    loops["housekeeper"] = Housekeeper(services).run
    keeper = Keeper.of(settings, services.store, services.models.catalogue)
    ring = StoredKeys(services.store, keeper, services.models.catalogue)
    loops["keys"] = KeyWatch(services.store, keeper, ring).run
    loops["due"] = DueWatch(services, handlers.registry).run
    if services.store.engine.dialect.name == "postgresql":  # SQLite belongs to one process
        loops["rates"] = RateSharing(services.store, services.rates).run
    supervisors = _supervise(stack, loops)
    ready = {name: partial(_alive, supervisor) for name, supervisor in supervisors.items()}
    ready |= {"dispatcher": partial(_alive, dispatcher), "engine": partial(_alive, engine)}
    ready["disk"] = partial(asyncio.to_thread, datadir.has_room, services.settings.data_dir)
    page = make_metrics(MetricsPage(services.store, settings, handlers.registry.quick, services.github.measure_load))
    if not doors:
        return Bot(services, page, make_web(services.store, (), ready), opened)
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    endpoint = Endpoint(dispatcher.accept, secrets)
    book = SourceBook(services.store, Sealer(find_master(settings)))
    routes = [*endpoint.routes(), *SignalEndpoint(dispatcher.accept, book, services.rates.part("signals")).routes()]
    routes += GateEndpoint(book, services.store, services.rates.part("gate")).routes()
    ready["credentials"] = partial(_admitted, sweep)
    session = await stack.enter_async_context(open_session())
    context = api.make_context(services, handlers, dispatcher.accept, partial(_examine, settings))
    mounted = {api.PREFIX: api.make_api(context, session), ROOM: await make_room(context)}
    strangers = Strangers(services.rates.part("strangers"), settings.refused_requests_a_minute, settings.proxies)
    application = make_web(services.store, routes, ready, mounted, strangers)
    return Bot(services, page, application, opened)


async def _examine(settings: Settings) -> AsyncIterator[Line]:
    """Run the doctor, who is loaded when somebody asks for it."""
    report = await asyncio.to_thread(importlib.import_module, "bot.doctor.report")
    async for line in report.examine(settings):
        yield line


async def _run_after(opened: asyncio.Event, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await opened.wait()
    await loop()


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[Store]:
    """Open the database, upgraded to this build. Raises :class:`StoreError`."""
    store = Store(create_engine(settings.database))
    try:
        await _migrate(store, settings.database)
        yield store
    finally:
        store.close()


async def _migrate(store: Store, database: str) -> None:
    """Upgrade the database in a process of its own.

    Alembic and its imports would otherwise keep 14 MB of this process for good. How it went does not matter:
    :meth:`Store.migrate` looks at the database again, and says what is wrong.
    """
    if not await asyncio.to_thread(store.is_current):
        # It loads what we are: not what happens to lie in the current directory.
        path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
        command = [sys.executable, "-P", "-m", "bot.store.migrations"]
        pipe = asyncio.subprocess.PIPE
        quiet = asyncio.subprocess.DEVNULL
        environment = os.environ | {"PYTHONPATH": path}
        child = await asyncio.create_subprocess_exec(*command, env=environment, stdin=pipe, stdout=quiet, stderr=quiet)
        await child.communicate(database.encode())
    await asyncio.to_thread(store.migrate)


async def _alive(part: Supervisor | Dispatcher[Services] | DbosEngine) -> bool:
    return part.alive


def _count_request(exchange: Exchange) -> None:
    metrics.GITHUB_REQUESTS.labels(f"{exchange.status // 100}xx" if exchange.status else "none").inc()


async def _admitted(sweep: Sweep) -> bool:
    return sweep.admitted


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _credentials(settings: Settings) -> tuple[int, str]:
    """Return App id and private key, or say which command stores them."""
    missing = [
        name
        for name, value in {
            "FORGEHAND_APP_ID": settings.app_id,
            "FORGEHAND_PRIVATE_KEY": settings.private_key,
            "FORGEHAND_WEBHOOK_SECRET": settings.webhook_secrets,
        }.items()
        if not value
    ]
    if missing or settings.app_id is None or settings.private_key is None:
        raise SettingsError(f"Not set: {', '.join(missing)}. Run `forgehand setup` to create the App and store them.")
    return settings.app_id, settings.private_key.get_secret_value()


async def _sandbox(settings: Settings) -> Sandbox:
    """Choose the sandbox; none runs untrusted code unprotected."""
    if not settings.workers:
        return NoSandbox("This process runs no tasks (FORGEHAND_WORKERS=0).")
    sandbox = await choose_sandbox(settings)
    if settings.sandbox in ("bubblewrap", "gvisor", "container") and (problem := await sandbox.probe()) is not None:
        raise SettingsError(f"FORGEHAND_SANDBOX asks for {settings.sandbox}, which does not work here. {problem}")
    if sandbox.tier == "process" and urlsplit(settings.api_url).hostname not in LOOPBACK:
        raise SettingsError(
            "The `process` sandbox isolates nothing, so it only serves a GitHub on this machine (demo, try). "
            "Install bubblewrap, or set FORGEHAND_SANDBOX=none; `forgehand doctor` says what is missing."
        )
    return Admission(sandbox, find_memory())
