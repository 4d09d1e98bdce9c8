"""Accept ``POST /signals/{source}/{key}``: verify, store, answer 202.

A body with a valid signature is never refused, however odd: after a 4xx, senders drop the signal or repeat it for ever,
and one of them switches itself off. What cannot be taken just now is answered 503, which all of them send again.
"""

from __future__ import annotations

import asyncio
import hashlib
import time

import structlog
from aiohttp import web
from pydantic_core import to_json

from bot import metrics
from bot.doors.signals.book import OpenSource, SourceBook
from bot.doors.signals.verification import verify
from bot.doors.webhook.body import read_body
from bot.doors.webhook.endpoint import Accept
from bot.doors.webhook.inbox import NotStored
from bot.doors.webhook.router import Event
from bot.doors.webhook.signature import InvalidDelivery
from bot.rates import Allowance, RatesPart

PATH = "/signals/{source}/{key}"
MAX_BODY = 1024 * 1024
_A_MINUTE = 6_000  # signals of one source; a storm of 6,000 at once is still taken whole
_SOURCES = 5  # times as many for all sources of a repository
_DATABASE_SECONDS = 5.0
_RETRY = {"Retry-After": "10"}
_NOWHERE = "There is nothing at this address."
log = structlog.get_logger(__name__)


class NotNow(InvalidDelivery):
    """A signal that cannot be taken at the moment."""


class SignalEndpoint:
    """The handler of :data:`PATH`; ``accept`` is the dispatcher's."""

    def __init__(self, accept: Accept, book: SourceBook, rates: RatesPart) -> None:
        self._accept = accept
        self._book = book
        self._rates = rates

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a signal: 202 once stored, else 4xx with a reason, or 503."""
        with metrics.SIGNAL_SECONDS.time():
            try:
                new = await self._take(request)
            except InvalidDelivery as refused:
                log.warning("signal refused", reason=refused.message, status=refused.status)
                return _answer(refused.status, refused.message)
            except (NotStored, TimeoutError) as failure:
                log.error("signal not stored", reason=str(failure) or "too slow")
                return _answer(503, "Not stored; send it again later.")
            return _answer(202, "Stored." if new else "Stored before; not done again.")

    async def _take(self, request: web.Request) -> bool:
        found = await self._admit(request)
        body = await read_body(request, MAX_BODY)
        proof = verify(found.source.kind, request.headers, body, found.secrets, time.time())
        event = make_event(found, body, proof.name)
        return await self._accept(event, to_json(event.payload))

    async def _admit(self, request: web.Request) -> OpenSource:
        """Return the source that the address names, before its body is read."""
        async with asyncio.timeout(_DATABASE_SECONDS):
            found = await self._book.find(request.match_info["source"], request.match_info["key"])
        if found is None:
            raise InvalidDelivery(_NOWHERE, status=404)
        if found.problem:
            raise NotNow("This source's secret cannot be read here; `forgehand doctor` says why.", status=503)
        source = found.source
        place = Allowance(f"repository {source.repository.id}", _A_MINUTE * _SOURCES)
        if self._rates.take(Allowance(f"source {source.id}", _A_MINUTE), place):
            raise NotNow("Too many signals of this source or its repository; send it again later.", status=503)
        return found


def make_event(found: OpenSource, body: bytes, name: bytes) -> Event:
    """Return the delivery that keeps a verified body as it came.

    Equal ``name`` means the same delivery. The body stays text in it: nothing that it claims, such as a repository, can
    be taken for a field of the delivery.
    """
    source = found.source
    payload = {
        "source": source.id,
        "received": time.time_ns() // 1_000_000,
        "installation": {"id": source.repository.installation},
        "body": body.decode("utf-8", "replace"),
    }
    guid = f"signal-{source.id}-{hashlib.sha256(name).hexdigest()[:40]}"
    return Event(guid, f"signal.{source.kind}", None, payload)


def _answer(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status, headers=_RETRY if status == 503 else None)
