"""Serve the control API: faults and disorder from outside the process.

It is for tests and people, never for bots.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web

from simhub.faults import Fault
from simhub.platform import Platform
from simhub.webhooks import Disorder


def add_routes(app: web.Application, hub: Platform) -> None:
    async def add_fault(request: web.Request) -> web.Response:
        fault = _made(Fault, await request.json())
        return web.json_response(asdict(hub.faults.add(fault)), status=201)

    async def clear_faults(_: web.Request) -> web.Response:
        hub.faults.clear()
        return web.Response(status=204)

    async def set_disorder(request: web.Request) -> web.Response:
        hub.webhooks.disorder = _made(Disorder, await request.json())
        return web.json_response(asdict(hub.webhooks.disorder))

    async def set_hub(request: web.Request) -> web.Response:
        body = await request.json()
        for name in ("latency", "token_lag", "token_lag_status", "mergeable_lag", "clock_offset"):
            setattr(hub, name, type(getattr(hub, name))(body.get(name, getattr(hub, name))))
        return web.json_response(hub.describe())

    async def requests(_: web.Request) -> web.Response:
        return web.json_response([asdict(record) for record in hub.requests])

    app.router.add_post("/_control/faults", add_fault)
    app.router.add_delete("/_control/faults", clear_faults)
    app.router.add_put("/_control/disorder", set_disorder)
    app.router.add_put("/_control/hub", set_hub)
    app.router.add_get("/_control/requests", requests)


def _made(kind: type[Any], body: Any) -> Any:
    try:
        return kind(**body)
    except TypeError as error:
        raise web.HTTPBadRequest(text=f"{error}") from None
