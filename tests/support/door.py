"""The real front door on a real port: endpoint, inbox, dispatcher and database; GitHub's side signs and posts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp import web

from bot.doors.webhook.dispatcher import Dispatcher
from bot.doors.webhook.endpoint import Endpoint
from bot.doors.webhook.inbox import Inbox
from bot.doors.webhook.router import Event, Router
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.tables import delivery
from bot.web.server import make_runner, make_web
from tests.support.databases import new_sqlite
from tests.support.patience import PATIENCE

SECRET = "It's a Secret to Everybody"


def list_open(connection: sa.Connection) -> list[str]:
    """The deliveries that are not handled yet, oldest first."""
    query = sa.select(delivery.c.guid).where(delivery.c.done.is_(None))
    return list(connection.execute(query.order_by(delivery.c.received, delivery.c.guid)).scalars())


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class Handled:
    """Record of the events the handlers under test saw.

    Also the errors they are to raise: one a call, then none.
    """

    events: list[Event] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    async def see(self, event: Event) -> None:
        self.events.append(event)
        if self.errors:
            raise self.errors.pop(0)


@dataclass
class Door:
    store: Store
    inbox: Inbox
    dispatcher: Dispatcher[Handled]
    handled: Handled
    session: aiohttp.ClientSession
    url: str

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        async with self.session.post(self.url + "/webhook", data=body, headers=headers) as answer:
            return answer.status, (await answer.json())["message"]

    async def deliver(
        self, event: str, payload: Any, *, guid: str | None = None, secret: str = SECRET, **headers: str
    ) -> tuple[int, str]:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        own = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": guid or str(uuid.uuid4()),
            "X-Hub-Signature-256": sign(body, secret),
        }
        return await self.post(body, own | headers)

    async def row(self, guid: str) -> Any:
        query = sa.select(delivery).where(delivery.c.guid == guid)
        return await self.store.run(lambda connection: connection.execute(query).mappings().first())

    async def ended(self, guid: str) -> Any:
        """The row once the delivery is done or failed."""
        async with asyncio.timeout(PATIENCE):
            while (row := await self.row(guid)) is None or row["done"] is None:
                await asyncio.sleep(0.01)
        return row


@asynccontextmanager
async def open_door(
    folder: Path,
    router: Router[Handled],
    *,
    secrets: Sequence[str] = (SECRET,),
    permanent: tuple[type[Exception], ...] = (),
    outages: tuple[type[Exception], ...] = (),
) -> AsyncIterator[Door]:
    store = Store(create_engine(new_sqlite(folder / "door.db")))
    inbox, handled = Inbox(store), Handled()
    dispatcher = Dispatcher(
        store,
        inbox,
        router,
        handled,
        permanent=permanent,
        outages=outages,
        pauses=(0.01, 0.02),
        outage_pauses=(0.01,) * 6,
    )
    endpoint = Endpoint(dispatcher.accept, secrets)

    async def alive() -> bool:
        return dispatcher.alive

    application = make_web(store, endpoint.routes(), {"dispatcher": alive})
    dispatching = asyncio.create_task(dispatcher.run())
    runner = make_runner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Door(store, inbox, dispatcher, handled, session, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()
        dispatching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await dispatching
        inbox.close()
        store.close()


__all__ = ["SECRET", "Door", "Handled", "open_door", "sign"]
