"""The HTTP server: REST, GraphQL, git, control and pages behind one port."""

from __future__ import annotations

from ssl import SSLContext

from aiohttp import web

from simhub import control, git_http, pages, rest
from simhub.platform import Platform

MAX_BODY = 100 * 1024 * 1024


def application(hub: Platform) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY)
    app.router.add_route("*", "/api/v3{path:(?:/.*)?}", rest.handler(hub))
    app.router.add_post("/api/graphql", rest.graphql_handler(hub))
    control.add_routes(app, hub)
    git_http.add_routes(app, hub)
    hub.id_tokens.add_routes(app)
    pages.add_routes(app, hub)
    return app


async def serve(hub: Platform, host: str, port: int, tls: SSLContext | None) -> web.AppRunner:
    # git gzips its request bodies itself and http-backend wants them as they came: nothing may decode them here.
    runner = web.AppRunner(application(hub), auto_decompress=False, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, host, port, reuse_address=True, ssl_context=tls).start()
    return runner
