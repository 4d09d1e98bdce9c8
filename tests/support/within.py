"""A story with the bot's front half in the test's own process: endpoint, inbox, dispatcher, handlers, over real HTTP.

What waits for its turn at GitHub sleeps in no time. Tasks are stored as always, but nobody takes them up: these stories
are about who may start what. For what tasks do there is :mod:`tests.support.story`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot.context.index import Indexer
from bot.doors.api import application as api
from bot.doors.room.application import make_room
from bot.doors.room.rendering import PREFIX as ROOM
from bot.doors.signals.book import SourceBook
from bot.doors.signals.endpoint import SignalEndpoint
from bot.doors.signals.gate import GateEndpoint
from bot.doors.webhook.dispatcher import Dispatcher
from bot.doors.webhook.endpoint import Endpoint
from bot.doors.webhook.inbox import Inbox
from bot.git.mirrors import Mirrors
from bot.github.api.access import GitHubs, open_session
from bot.github.api.errors import Forbidden, Invalid
from bot.github.api.limiter import Clock
from bot.keys.keeper import Keeper
from bot.keys.ring import StoredKeys
from bot.local.hosting import free_port, manifest_rights
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.policy import DefaultBranch, PolicyLoader
from bot.sandbox.tiers import choose_sandbox
from bot.sealing.masters import find_master
from bot.sealing.sealer import Sealer
from bot.settings import Settings
from bot.store import tasks
from bot.store.database import create_engine
from bot.store.store import Store
from bot.toolchains.repository import make_toolchain
from bot.types import JsonModel
from bot.web.server import make_runner, make_web
from bot.web.strangers import Strangers
from bot.work.services import Services
from handlers import HANDLERS
from simhub import Hub
from simhub.scripted_model import Script, ScriptedModel
from tests.support.databases import new_sqlite
from tests.support.keys import key_pair
from tests.support.story import MODELS, SECRET, Story


@dataclass
class FastTime:
    """Real time plus whatever was slept; the hub's clock goes along."""

    hub: Hub

    def now(self) -> float:
        return time.time() + self.hub.clock_offset

    def steady(self) -> float:
        return time.monotonic() + self.hub.clock_offset

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.hub.advance(seconds)


@dataclass
class Shelf:
    """An engine that keeps what is started: tasks stay queued until they are cancelled."""

    store: Store

    async def start(self, task_id: str, flow: str, argument: JsonModel, *, group: str | None) -> bool:
        return True

    async def cancel(self, task_id: str, by: str, deed: str = "") -> None:
        await self.store.run(lambda connection: tasks.request_cancel(connection, task_id, by, deed))

    async def launch(self) -> None:
        return None

    async def close(self, *, drain_seconds: float = 5.0) -> None:
        return None


@asynccontextmanager
async def installed(root: Path, source: Path, **given: Any) -> AsyncIterator[tuple[Story, Settings]]:
    """The hub, a scripted model and an App that is not installed yet; ``given`` are fields of :class:`Settings`."""
    async with ScriptedModel(Script()) as model, Hub.start(root / "hub") as hub:
        maintainer = hub.create_user("mara")
        repository = hub.create_repository("octo/sample", source=source)
        hub.set_permission(repository, "mara", "admin")
        app = hub.create_app(name="forgehand", webhook_secret=SECRET, key_pair=key_pair(), **manifest_rights())
        port = free_port()
        app.webhook_url = f"http://127.0.0.1:{port}/webhook"
        settings = Settings.model_validate(
            {
                "app_id": app.app_id,
                "client_id": app.client_id,
                "client_secret": app.client_secret,
                "private_key": app.private_key,
                "webhook_secrets": [SECRET],
                "api_url": hub.api_url,
                "web_url": hub.url,
                "data_dir": root / "data",
                "sandbox": "none",
                "public_url": f"http://127.0.0.1:{port}",
                "models": {name: {"base_url": model.openai_url, **price} for name, price in MODELS.items()},
                **given,
            }
        )
        yield Story(root, hub, model, app, repository, maintainer, port), settings


@asynccontextmanager
async def within(root: Path, source: Path, **given: Any) -> AsyncIterator[Story]:
    """The bot, installed on ``octo/sample``; ``given`` are fields of :class:`Settings`."""
    async with installed(root, source, **given) as (story, settings), AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        services = await _services(stack, story.hub, settings, session)
        await _served(stack, services, session, story.port)
        story.hub.install(story.app, owner="octo", repositories=[story.repository])
        await story.hub.settled()
        yield story


async def _services(stack: AsyncExitStack, hub: Hub, settings: Settings, session: aiohttp.ClientSession) -> Services:
    store = Store(create_engine(new_sqlite(settings.data_dir / "forgehand.db")))
    stack.callback(store.close)
    clock = FastTime(hub)
    assert settings.app_id is not None
    assert settings.private_key is not None
    key = settings.private_key.get_secret_value()
    github = GitHubs.as_app(
        session, settings.api_url, settings.app_id, key, clock=Clock(clock.now, clock.sleep, clock.steady)
    )
    sandbox = await choose_sandbox(settings)
    catalogue = Catalogue(settings)
    ring = StoredKeys(store, Keeper.of(settings, store, catalogue), catalogue)
    return Services(
        settings=settings,
        store=store,
        github=github,
        mirrors=Mirrors(settings.data_dir / "mirrors", settings.web_url, names=github),
        models=ModelGateway(store, settings, catalogue, SdkModel, ring=ring),
        indexer=await stack.enter_async_context(Indexer(settings.data_dir / "index")),
        sandbox=sandbox,
        policies=PolicyLoader(DefaultBranch(github), settings, HANDLERS.registry.schema),
        make_toolchain=lambda checks, tree: make_toolchain(sandbox, checks, tree, settings),
        engine=Shelf(store),
    )


async def _served(stack: AsyncExitStack, services: Services, session: aiohttp.ClientSession, port: int) -> None:
    inbox = Inbox(services.store)
    stack.callback(inbox.close)
    dispatcher = Dispatcher(
        services.store, inbox, HANDLERS.router, services, permanent=(Forbidden, Invalid), gave_up=HANDLERS.gave_up
    )
    dispatching = asyncio.create_task(dispatcher.run())
    stack.push_async_callback(_stop, dispatching)
    context = api.make_context(services, HANDLERS, dispatcher.accept)
    mounted = {api.PREFIX: api.make_api(context, session), ROOM: await make_room(context)}
    # As it is served for real: aiohttp's server for tests would cancel what nobody waits for any more.
    book = SourceBook(services.store, Sealer(find_master(services.settings)))
    routes = [
        *Endpoint(dispatcher.accept, [SECRET]).routes(),
        *SignalEndpoint(dispatcher.accept, book, services.rates.part("signals")).routes(),
        *GateEndpoint(book, services.store, services.rates.part("gate")).routes(),
    ]
    strangers = Strangers(
        services.rates.part("strangers"), services.settings.refused_requests_a_minute, services.settings.proxies
    )
    runner = make_runner(make_web(services.store, routes, {}, mounted, strangers))
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", port).start()


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
