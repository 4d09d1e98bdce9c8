"""Serve HTTP: health, readiness and the routes it is given."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import sqlalchemy as sa
import structlog
from aiohttp import web

from bot.store.store import Store
from bot.web.strangers import Strangers

Check = Callable[[], Awaitable[bool]]
_CHECK_SECONDS = 2.0
_SILENCE = 75.0  # longer than what proxies in front of us keep a connection for, or they would use closed ones
# What is being answered when we stop has so long, and as long again until it is cut off: a client that reads no
# further would keep us for two minutes, longer than whoever stops us waits.
_FAREWELL = 2.5
_LOOK_SECONDS = 1.0
_MOST_CONNECTIONS = 2048
_RESERVED = 200  # descriptors for the database, GitHub, models and what we run

log = structlog.get_logger(__name__)


def make_web(
    store: Store,
    routes: Iterable[web.AbstractRouteDef],
    ready: Mapping[str, Check],
    mounted: Mapping[str, web.Application] | None = None,
    strangers: Strangers | None = None,
) -> web.Application:
    """Return the web application.

    Run it with ``access_log=None``. ``ready`` names what must hold beside the database, ``mounted`` are applications by
    the path that they answer below; ``strangers`` turns those away who are refused too often.
    """
    app = web.Application(middlewares=[_log] if strangers is None else [_log, strangers.watch])

    async def reach_database() -> bool:
        answers = await store.run(lambda connection: connection.execute(sa.text("select 1")).scalar_one() == 1)
        return answers and not store.waiting  # a full disk can be read

    checks = {"database": reach_database, **ready}
    app.add_routes([web.get("/healthz", _healthy), web.get("/readyz", _readiness(checks))])
    app.add_routes(routes)
    for path, inner in (mounted or {}).items():
        app.add_subapp(path, inner)
    return app


@web.middleware
async def _log(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Log the route of a request, never its path: a stranger wrote that."""
    # What went well is only for debugging: a delivery that something comes of leaves lines of its own.
    started = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as answer:
        status = answer.status
        raise
    except Exception:  # - a handler's bug is one answer, not the end of the server
        log.exception("request failed")
        response = web.json_response({"message": "Internal error; the server's log has the reason."}, status=500)
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unknown"
        seconds = round(time.perf_counter() - started, 4)
        write = log.debug if status < 400 else log.info
        write("request", method=request.method, route=route, status=status, seconds=seconds)
    return response


async def _healthy(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def _readiness(checks: Mapping[str, Check]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def holds(check: Check) -> bool:
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return await check()
        except (TimeoutError, OSError, sa.exc.SQLAlchemyError):
            return False

    async def handle(_request: web.Request) -> web.Response:
        held = await asyncio.gather(*(holds(check) for check in checks.values()))
        answer = {name: "ok" if good else "not ready" for name, good in zip(checks, held, strict=True)}
        return web.json_response(answer, status=200 if all(held) else 503)

    return handle


def make_runner(application: web.Application, *, silence: float = _SILENCE) -> web.AppRunner:
    """Return the runner of an application; it does not decompress bodies.

    aiohttp would decompress them by default, before any handler has seen a header and even after one has refused.
    Connections are closed after ``silence`` seconds in which no request began.
    """
    return web.AppRunner(
        application, access_log=None, auto_decompress=False, keepalive_timeout=silence, shutdown_timeout=_FAREWELL
    )


class Crowd:
    """A watch on connections, so that silent ones leave descriptors."""

    def __init__(self, application: web.Application) -> None:
        self._busy: set[web.RequestHandler] = set()
        application.middlewares.append(self._note)

    @web.middleware
    async def _note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self._busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._busy.discard(request.protocol)

    async def watch(self, server: web.Server) -> None:
        """Close the oldest idle connections while there are too many."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            connections = server.connections
            most = max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _RESERVED, 1)
            idle = [each for each in connections if each not in self._busy]
            surplus = idle[: max(len(connections) - min(most, _MOST_CONNECTIONS), 0)]
            for connection in surplus:
                connection.force_close()
            if surplus:
                log.warning("too many connections, closed idle ones", closed=len(surplus))
