"""Answer Flagger, which can send no header: the key in a source's address shows who asks.

``POST /signals/{source}/{key}/gate?environment=NAME`` tells of that source's repository alone, and only yes or no.
"""

from __future__ import annotations

import math

import structlog
from aiohttp import web

from bot.deployments.advice import load_advice
from bot.doors.signals.book import SourceBook
from bot.rates import Allowance, RatesPart
from bot.store.store import Store

PATH = "/signals/{source}/{key}/gate"
_A_MINUTE = 600  # questions of one source
_LONGEST = 200
log = structlog.get_logger(__name__)


class GateEndpoint:
    """The handler of :data:`PATH`; a body is not read."""

    def __init__(self, book: SourceBook, store: Store, rates: RatesPart) -> None:
        self._book = book
        self._store = store
        self._rates = rates

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        """Answer 200 where an environment should be rolled back, else 403."""
        found = await self._book.find(request.match_info["source"], request.match_info["key"])
        if found is None:
            return web.json_response({"message": "There is nothing at this address."}, status=404)
        if wait := self._rates.take(Allowance(found.source.id, _A_MINUTE)):
            headers = {"Retry-After": str(math.ceil(wait))}
            return web.json_response({"message": "Too many questions; ask again later."}, status=429, headers=headers)
        environment = request.query.get("environment", "")
        if not environment or len(environment) > _LONGEST:
            return web.json_response({"message": "Name the `environment`, as deployments do."}, status=400)
        advice = await load_advice(self._store, found.source.repository.id, environment)
        log.info("gate asked", source=found.source.id, environment=environment, rollback=advice.rollback)
        return web.json_response({"rollback": advice.rollback}, status=200 if advice.rollback else 403)
