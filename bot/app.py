"""The composition root: the only place where concrete classes meet."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot import logs
from bot.change.janitor import Janitor
from bot.change.scratch import scratch
from bot.change.services import Services
from bot.context.index import Indexer
from bot.engine.dbos import DbosEngine
from bot.engine.port import FlowTable
from bot.git.mirrors import Mirrors
from bot.github.access import GitHubs, open_session
from bot.github.errors import Forbidden, Invalid
from bot.intake.dispatcher import Dispatcher
from bot.intake.endpoint import Endpoint
from bot.intake.inbox import Inbox
from bot.intake.sweep import Sweep
from bot.models.catalogue import Catalogue
from bot.models.desk import ModelDesk
from bot.policy import DefaultBranch, PolicyLoader
from bot.report.reporter import Reporter
from bot.sandbox.choose import choose
from bot.sandbox.port import Sandbox
from bot.settings import Settings, SettingsError
from bot.store.store import Store, create_engine
from bot.supervisor import Supervisor
from bot.toolchains.python import make_toolchain
from bot.web.server import make_web
from handlers import GAVE_UP, ROUTER, add_flows

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PERMANENT = (Forbidden, Invalid)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bot:
    """Everything that runs in one server process."""

    services: Services
    web: web.Application


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Bot]:
    """The bot at work: database migrated, engine recovered, inbox open; taken down in the opposite order.

    Raises :class:`SettingsError` where what it needs is missing.
    """
    app_id, private_key = _credentials(settings)
    sandbox = await _sandbox(settings)
    async with AsyncExitStack() as stack:
        store = Store(create_engine(settings.database))
        stack.callback(store.close)
        await asyncio.to_thread(store.migrate)
        session = await stack.enter_async_context(open_session())
        github = GitHubs(session, settings.api_url, app_id, private_key)
        indexer = await stack.enter_async_context(Indexer(settings.data_dir / "index"))
        flows = FlowTable()
        engine = DbosEngine(store, flows, workers=settings.workers)
        services = Services(
            settings=settings,
            store=store,
            github=github,
            mirrors=Mirrors(settings.data_dir / "mirrors", settings.web_url),
            models=ModelDesk(store, settings, Catalogue(settings)),
            indexer=indexer,
            sandbox=sandbox,
            policies=PolicyLoader(DefaultBranch(github), settings),
            make_toolchain=lambda checks, tree: make_toolchain(sandbox, checks, tree, settings),
            engine=engine,
        )
        add_flows(flows, services)
        await engine.launch()
        stack.push_async_callback(engine.close)
        yield await _open(stack, settings, services, engine)


async def _open(stack: AsyncExitStack, settings: Settings, services: Services, engine: DbosEngine) -> Bot:
    """The ways in and the loops beside the engine."""
    inbox = Inbox(services.store)
    stack.callback(inbox.close)
    dispatcher = Dispatcher(services.store, inbox, ROUTER, services, permanent=_PERMANENT, gave_up=GAVE_UP)
    github, minutes = services.github.app, settings.sweep_minutes
    sweep = Sweep(github, services.store, dispatcher.accept, minutes=minutes, poll=settings.poll)
    reporter, janitor = Reporter(services), Janitor(services)
    loops = {"reporter": reporter.run, "janitor": janitor.run, "sweep": sweep.run, "dispatcher": dispatcher.run}
    supervisors = {name: Supervisor(name, loop) for name, loop in loops.items()}
    for supervisor in supervisors.values():
        stack.push_async_callback(_stop, asyncio.create_task(supervisor.run()))
    secrets = [secret.get_secret_value() for secret in settings.webhook_secrets]
    endpoint = Endpoint(dispatcher.accept, secrets)
    ready = {name: partial(_alive, supervisor) for name, supervisor in supervisors.items()}
    ready |= {"dispatcher": partial(_alive, dispatcher), "engine": partial(_alive, engine)}
    return Bot(services, make_web(services.store, endpoint.routes(), ready))


async def serve(settings: Settings) -> bool:
    """Serve until SIGTERM or SIGINT."""
    logs.configure(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await _migrate_apart(settings.database)
    with scratch(settings.data_dir / "tmp"):
        await _serve(settings, stop)
    return True


async def _serve(settings: Settings, stop: asyncio.Event) -> None:
    async with running(settings) as bot:
        runner = web.AppRunner(bot.web, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        _settle_memory()
        log.info("serving", host=settings.host, port=settings.port, sandbox=bot.services.sandbox.tier)
        await stop.wait()
        await runner.cleanup()


async def _migrate_apart(database: str) -> None:
    """Upgrade in a process of its own, for alembic and what it loads would stay here for ever: 14 MB.

    How it went does not matter: :meth:`Store.migrate` looks at the database again, and says what is wrong.
    """
    command = [sys.executable, "-m", "bot.store.migrations"]
    quiet = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=quiet, stderr=quiet)
    await child.communicate(database.encode())


def _settle_memory() -> None:
    """Give back what only starting up needed, then leave what lives for ever out of every later collection.

    A payload is thousands of objects and no cycle: at the usual threshold each delivery would set off collections.
    """
    gc.collect()
    with suppress(OSError, AttributeError):  # other C libraries have no such function
        ctypes.CDLL(None).malloc_trim(0)
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _alive(part: Supervisor | Dispatcher[Services] | DbosEngine) -> bool:
    return part.alive


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _credentials(settings: Settings) -> tuple[int, str]:
    """App id and key; what is missing is named with the command that makes it."""
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
    """The sandbox, refused where it would run strangers' code unprotected."""
    sandbox = await choose(settings)
    if sandbox.tier == "process" and urlsplit(settings.api_url).hostname not in _LOOPBACK:
        raise SettingsError(
            "The `process` sandbox isolates nothing, so it only serves a GitHub on this machine (demo, try). "
            "Install bubblewrap, or set FORGEHAND_SANDBOX=none; `forgehand doctor` says what is missing."
        )
    return sandbox
