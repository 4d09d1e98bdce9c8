"""/user, /users, /rate_limit, /meta and the root."""

from __future__ import annotations

from typing import Any

from simhub import shapes
from simhub.call import Call, routes
from simhub.errors import ApiError, not_found


@routes.add("GET", "/")
async def root(call: Call) -> Any:
    api = call.hub.api_url
    return {
        "current_user_url": f"{api}/user",
        "rate_limit_url": f"{api}/rate_limit",
        "user_url": f"{api}/users/{{user}}",
    }


@routes.add("GET", "/meta")
async def meta(call: Call) -> Any:
    return {"verifiable_password_authentication": False, "hooks": ["127.0.0.1/32"], "installed_version": "3.19.0"}


@routes.add("GET", "/user", auth="token")
async def me(call: Call) -> Any:
    if call.actor.kind != "user":
        raise ApiError(403, "Resource not accessible by integration")
    private = {"private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0,
               "collaborators": 0, "two_factor_authentication": True}  # fmt: skip
    return shapes.public_user(call.hub, call.user) | private


@routes.add("GET", "/users/{login}")
async def get_user(call: Call) -> Any:
    account = call.hub.world.account(call.params["login"].replace("%5B", "[").replace("%5D", "]"))
    if account is None:
        raise not_found()
    return shapes.public_user(call.hub, account)


@routes.add("GET", "/rate_limit")
async def rate_limit(call: Call) -> Any:
    resources = {}
    for name in ("core", "graphql"):
        headers = call.hub.limits.headers(call.actor, name)
        resources[name] = {key: int(headers[f"X-RateLimit-{key.title()}"]) for key in
                           ("limit", "used", "remaining", "reset")}  # fmt: skip
    resources["search"] = {"limit": 30, "used": 0, "remaining": 30, "reset": resources["core"]["reset"]}
    return {"resources": resources, "rate": resources["core"]}
