"""Accept ``POST /webhook``: verify, store, answer 202."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web

from bot import metrics
from bot.doors.webhook.body import PATIENCE, read_body
from bot.doors.webhook.inbox import NotStored
from bot.doors.webhook.router import DeliveryRefused, Event
from bot.doors.webhook.signature import Headers, InvalidDelivery, read_headers, verify

Accept = Callable[[Event, bytes], Awaitable[bool]]

PATH = "/webhook"
MAX_BODY = 25 * 1024 * 1024
_LARGE = 1024 * 1024
_LARGE_AT_ONCE = 4

log = structlog.get_logger(__name__)


class Endpoint:
    """The handler of :data:`PATH`; ``accept`` is the dispatcher's."""

    def __init__(self, accept: Accept, secrets: Sequence[str]) -> None:
        self._accept = accept
        self._secrets = tuple(secrets)
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a delivery: 202 once stored, else 4xx with a reason, or 503."""
        with metrics.WEBHOOK_SECONDS.time():
            try:
                new = await self._take(request)
            except InvalidDelivery as refused:
                log.warning("delivery refused", reason=refused.message, status=refused.status)
                return _answer(refused.status, refused.message)
            except (NotStored, TimeoutError) as failure:
                log.error("delivery not stored", reason=str(failure) or "too slow")
                return _answer(503, "Not stored; redeliver it later.")
            return _answer(202, "Stored." if new else "Stored before; not done again.")

    async def _take(self, request: web.Request) -> bool:
        """Read, verify and store a delivery; few large ones at a time."""
        headers = read_headers(request.headers)
        length = request.content_length
        if length is not None and length <= _LARGE:
            body = await read_body(request, MAX_BODY)
            return await self._accept(_check(headers, body, self._secrets), body)
        async with asyncio.timeout(PATIENCE):
            await self._large.acquire()
        try:
            body = await read_body(request, MAX_BODY)
            return await self._accept(await asyncio.to_thread(_check, headers, body, self._secrets), body)
        finally:
            self._large.release()


def _check(headers: Headers, body: bytes, secrets: Sequence[str]) -> Event:
    """Verify the signature, then parse the body as JSON."""
    verify(body, headers.signature, secrets)
    try:
        return Event.parse(headers.guid, headers.event, body)
    except DeliveryRefused as refused:
        raise InvalidDelivery(refused.message, status=400) from None


def _answer(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
