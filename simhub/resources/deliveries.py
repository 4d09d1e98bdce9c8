"""/app/hook: where webhooks go, what was delivered, and delivering it once more."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from simhub import shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.model import Delivery, iso

RETENTION = timedelta(days=3)


@routes.add("GET", "/app/hook/config", auth="jwt")
async def get_config(call: Call) -> Any:
    assert call.actor.app is not None
    return shapes.hook_config(call.actor.app)


@routes.add("PATCH", "/app/hook/config", auth="jwt")
async def patch_config(call: Call) -> Any:
    app = call.actor.app
    assert app is not None
    app.webhook_url = call.text("url", app.webhook_url)
    app.webhook_secret = call.text("secret", app.webhook_secret) or ""
    return shapes.hook_config(app)


def brief(item: Delivery) -> dict[str, Any]:
    return {
        "id": item.id,
        "guid": item.guid,
        "delivered_at": iso(item.delivered_at),
        "redelivery": item.redelivery,
        "duration": item.duration,
        "status": item.status,
        "status_code": item.status_code,
        "event": item.event,
        "action": item.action,
        "installation_id": item.installation_id,
        "repository_id": item.repository_id,
        "throttled_at": None,
    }


def _own(call: Call) -> list[Delivery]:
    """Newest first, of three days; only what was answered or given up is in the log."""
    oldest = call.hub.world.now() - RETENTION
    known = (d for d in call.hub.webhooks.log if d.app is call.actor.app and d.status != "pending")
    mine = [d for d in known if d.delivered_at > oldest]
    return sorted(mine, key=lambda d: d.id, reverse=True)


@routes.add("GET", "/app/hook/deliveries", auth="jwt")
async def list_deliveries(call: Call) -> Any:
    items = _own(call)
    wanted = call.query.get("status")
    if wanted in ("success", "failure"):
        items = [d for d in items if (d.status == "OK") == (wanted == "success")]
    if cursor := call.query.get("cursor"):
        last = int(cursor.removeprefix("v1_")) if cursor.removeprefix("v1_").isdigit() else 0
        items = [d for d in items if d.id < last]
    size = min(max(int(call.query.get("per_page", "30")), 1), 100)
    if len(items) > size:
        target = f"{call.hub.api_url}{call.path}?per_page={size}&cursor=v1_{items[size - 1].id}"
        call.links = f'<{target}{f"&status={wanted}" if wanted else ""}>; rel="next"'
    return [brief(item) for item in items[:size]]


def _one(call: Call) -> Delivery:
    found = next((d for d in _own(call) if str(d.id) == call.params["id"]), None)
    if found is None:
        raise not_found()
    return found


@routes.add("GET", "/app/hook/deliveries/{id}", auth="jwt")
async def get_delivery(call: Call) -> Any:
    item = _one(call)
    response = {"headers": item.response_headers, "payload": item.response_body}
    request = {"headers": item.headers, "payload": json.loads(item.body)}
    return brief(item) | {"url": item.url, "request": request, "response": response}


@routes.add("POST", "/app/hook/deliveries/{id}/attempts", auth="jwt")
async def redeliver(call: Call) -> Any:
    item = _one(call)
    if not item.app.webhook_url:
        raise ApiError(422, "Validation Failed")
    call.hub.webhooks.redeliver(item)
    return Answer({}, 202)
