"""Pages a person can read: repository, issue, pull request, deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from simhub.hub import Hub


def add_routes(app: web.Application, hub: Hub) -> None:
    async def index(_: web.Request) -> web.Response:
        return web.json_response(hub.describe())

    app.router.add_get("/", index)
