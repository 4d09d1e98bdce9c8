"""The composition root: the only place where concrete classes meet."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot import logs
from bot.change.janitor import Janitor
from bot.change.services import Services
from bot.context.index import Indexer
from bot.engine.dbos import DbosEngine
from bot.engine.port import FlowTable
from bot.git.mirrors import Mirrors
from bot.github.access import GitHubs, open_session
from bot.intake.dispatcher import Dispatcher
from bot.intake.inbox import Inbox
from bot.intake.sweep import Sweep
from bot.models.catalogue import Catalogue
from bot.models.desk import ModelDesk
from bot.policy import PolicyLoader
from bot.report.reporter import Reporter
from bot.sandbox.choose import choose
from bot.sandbox.port import Sandbox
from bot.settings import Settings, SettingsError
from bot.store.store import Store, create_engine
from bot.toolchains.python import make_toolchain
from bot.web.server import make_web
from handlers import ROUTER, add_flows

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bot:
    """Everything that runs in one server process."""

    services: Services
    inbox: Inbox
    dispatcher: Dispatcher[Services]
    web: web.Application


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Bot]:
    """The bot at work: stores migrated, engine recovered, inbox open; taken down in the opposite order."""
    key = _required(settings)
    sandbox = await _sandbox(settings)
    store = Store(create_engine(settings.database))
    await asyncio.to_thread(store.migrate)
    flows = FlowTable()
    engine = DbosEngine(store, flows, workers=settings.workers)
    async with open_session() as session:
        github = GitHubs(session, settings.api_url, *key)
        services = Services(
            settings=settings,
            store=store,
            github=github,
            mirrors=Mirrors(settings.data_dir / "mirrors", settings.web_url),
            models=ModelDesk(store, settings, Catalogue(settings)),
            indexer=Indexer(settings.data_dir / "index"),
            sandbox=sandbox,
            policies=PolicyLoader(github, settings),
            make_toolchain=lambda checks, tree: make_toolchain(sandbox, checks, tree, settings),
            engine=engine,
        )
        add_flows(flows, services)
        inbox = Inbox(store)
        dispatcher = Dispatcher(store, ROUTER, services)
        bot = Bot(services, inbox, dispatcher, make_web(settings, services, inbox, dispatcher))
        await engine.launch()
        loops = [dispatcher.run, Reporter(services).run, Sweep(github.app, inbox, settings).run, Janitor(services).run]
        try:
            async with asyncio.TaskGroup() as group:
                running_loops = [group.create_task(loop()) for loop in loops]
                yield bot
                for loop in running_loops:
                    loop.cancel()
        finally:
            await engine.close()
            inbox.close()
            store.close()


async def serve(settings: Settings) -> bool:
    """Serve until SIGTERM or SIGINT."""
    logs.configure(settings)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running(settings) as bot:
        runner = web.AppRunner(bot.web, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
        log.info("serving", host=settings.host, port=settings.port, sandbox=bot.services.sandbox.tier)
        await stop.wait()
        await runner.cleanup()
    return True
