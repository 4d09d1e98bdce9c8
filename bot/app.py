"""Wire a server process: the only place where concrete classes meet."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import resource
import signal
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

from bot import logs, metrics
from bot.context.index import Indexer
from bot.dispatch.progress import Reporter
from bot.dispatch.registry import Registry
from bot.doctor.models import check_models
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
from bot.keys.resealing import find_unknown
from bot.keys.ring import StoredKeys
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.policy import DefaultBranch, PolicyLoader
from bot.sandbox.port import Sandbox
from bot.sandbox.process import NoSandbox
from bot.sandbox.tiers import choose_sandbox
from bot.sealing.masters import find_master
from bot.sealing.sealer import Sealer
from bot.settings import LOOPBACK, Settings, SettingsError
from bot.store import datadir
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.writes import WriteJournal
from bot.supervisor import Supervisor
from bot.toolchains.repository import make_toolchain
from bot.types import ForgehandError
from bot.upkeep.due import DueWatch
from bot.upkeep.housekeeper import Housekeeper
from bot.upkeep.janitor import Janitor
from bot.upkeep.keys import KeyWatch
from bot.upkeep.scratch import scratch
from bot.web.metrics import MetricsPage, make_metrics
from bot.web.server import Crowd, make_runner, make_web
from bot.web.strangers import Strangers
from bot.work.services import Services
from handlers import HANDLERS

_PERMANENT = (Forbidden, Invalid)
_OUTAGES = (GitHubDown, RateLimited)
log = structlog.get_logger(__name__)


class CannotListen(ForgehandError):
    """The address to listen on is taken or is not this machine's."""


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
    _check_share(settings, doors=doors)

    def connect(session: aiohttp.ClientSession, journal: Journal) -> GitHubs:
        return GitHubs.as_app(session, settings.api_url, app_id, private_key, observe=_count_request, journal=journal)

    async with AsyncExitStack() as stack:
        services, engine = await _start(stack, settings, handlers, connect)
        yield await _open(stack, settings, services, engine, handlers, doors=doors)


@asynccontextmanager
async def handling(settings: Settings, handlers: Handlers = HANDLERS) -> AsyncIterator[Desk]:
    """Run what handles deliveries with a repository's own token.

    Nothing listens, and nothing is asked of GitHub that only an App may ask. Raises as :func:`running` does.
    """
    token = settings.github_token
    if token is None:
        raise SettingsError("Not set: FORGEHAND_GITHUB_TOKEN, the token of the repository that the event is about.")

    def connect(session: aiohttp.ClientSession, journal: Journal) -> GitHubs:
        return GitHubs.with_token(session, settings.api_url, token.get_secret_value(), journal)

    async with AsyncExitStack() as stack:
        services, engine = await _start(stack, settings, handlers, connect)
        dispatcher = _make_dispatcher(stack, services, engine, handlers)
        _supervise(stack, {"reporter": Reporter(services, handlers.registry).run, "dispatcher": dispatcher.run})
        yield Desk(services, handlers.registry, dispatcher.accept)


async def _start(
    stack: AsyncExitStack,
    settings: Settings,
    handlers: Handlers,
    connect: Callable[[aiohttp.ClientSession, Journal], GitHubs],
) -> tuple[Services, DbosEngine]:
    """Put the services together and launch the engine."""
    sandbox = await _sandbox(settings)
    store = Store(create_engine(settings.database))
    stack.callback(store.close)
    await _migrate(store, settings.database)
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
        policies=PolicyLoader(DefaultBranch(github), settings, handlers.registry.schema),
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
    routes = [*endpoint.routes(), *SignalEndpoint(dispatcher.accept, book).routes()]
    routes += GateEndpoint(book, services.store).routes()
    ready["credentials"] = partial(_admitted, sweep)
    session = await stack.enter_async_context(open_session())
    context = api.make_context(services, handlers, dispatcher.accept)
    mounted = {api.PREFIX: api.make_api(context, session), ROOM: await make_room(context)}
    strangers = Strangers(settings.refused_requests_a_minute, settings.proxies)
    application = make_web(services.store, routes, ready, mounted, strangers)
    return Bot(services, page, application, opened)


async def _run_after(opened: asyncio.Event, loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    await opened.wait()
    await loop()


async def serve(settings: Settings) -> bool:
    """Serve until SIGTERM, SIGINT or SIGHUP; with no workers, take in only."""
    return await _run(settings, doors=True)


async def work(settings: Settings) -> bool:
    """Work until SIGTERM, SIGINT or SIGHUP, at what other processes take in."""
    return await _run(settings, doors=False)


async def _run(settings: Settings, *, doors: bool) -> bool:
    logs.configure(settings)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the usual 1,024 are for programs that use select()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await asyncio.to_thread(datadir.prepare, settings.data_dir)
    with scratch(settings.data_dir / "tmp"):
        await _serve(settings, stop, doors=doors)
    return True


async def _serve(settings: Settings, stop: asyncio.Event, *, doors: bool) -> None:
    async with running(settings, doors=doors) as bot, _telling(settings, bot.metrics):
        crowd = Crowd(bot.web)
        runner = make_runner(bot.web)
        await runner.setup()
        assert runner.server is not None
        watching = asyncio.create_task(crowd.watch(runner.server))
        await _tell_lacks(bot.services)  # before strangers can use up what the probe needs
        await _listen(runner, settings.host, settings.port)
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
        await stop.wait()
        log.info("stopping")
        await runner.cleanup()
        await _stop(watching)


@asynccontextmanager
async def _telling(settings: Settings, page: web.Application) -> AsyncIterator[None]:
    """Answer Prometheus on a port of its own, where one is set."""
    runner = make_runner(page)
    await runner.setup()
    try:
        if settings.metrics_port is not None:
            await _listen(runner, settings.metrics_host, settings.metrics_port)
        yield
    finally:
        await runner.cleanup()


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


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise CannotListen(
            f"Cannot listen on {host}, port {port} ({reason}). Stop what listens there, or choose another address with "
            "--host and --port (FORGEHAND_HOST, FORGEHAND_PORT; for metrics FORGEHAND_METRICS_HOST, "
            "FORGEHAND_METRICS_PORT)."
        ) from None


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


async def _sandbox(settings: Settings) -> Sandbox:
    """Choose the sandbox; none runs untrusted code unprotected."""
    if not settings.workers:
        return NoSandbox("This process runs no tasks (FORGEHAND_WORKERS=0).")
    sandbox = await choose_sandbox(settings)
    if settings.sandbox in ("bubblewrap", "gvisor") and (problem := await sandbox.probe()) is not None:
        raise SettingsError(f"FORGEHAND_SANDBOX asks for {settings.sandbox}, which does not work here. {problem}")
    if sandbox.tier == "process" and urlsplit(settings.api_url).hostname not in LOOPBACK:
        raise SettingsError(
            "The `process` sandbox isolates nothing, so it only serves a GitHub on this machine (demo, try). "
            "Install bubblewrap, or set FORGEHAND_SANDBOX=none; `forgehand doctor` says what is missing."
        )
    return sandbox
