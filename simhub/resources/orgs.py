"""Who belongs to an organisation: its owners, and whoever has a role in one of its repositories."""

from __future__ import annotations

from typing import Any

from simhub import shapes
from simhub.actor import allows
from simhub.call import Call, routes
from simhub.errors import not_accessible, not_found


@routes.add("GET", "/orgs/{org}/memberships/{username}", auth="token")
async def read_membership(call: Call) -> Any:
    """Tell a member's role; an App needs ``members``."""
    world = call.hub.world
    owner, account = world.account(call.params["org"]), world.account(call.params["username"])
    if owner is None or owner.type != "Organization":
        raise not_found()
    if call.actor.token is None or not allows(call.actor.token.permissions, "members:read"):
        raise not_accessible("members=read")
    if account is None or account.id not in {*owner.owners, *_list_members(call, owner.login)}:
        raise not_found()
    api = f"{call.hub.api_url}/orgs/{owner.login}"
    return {
        "url": f"{api}/memberships/{account.login}",
        "state": "active",
        "role": "admin" if account.id in owner.owners else "member",
        "organization_url": api,
        "organization": shapes.organization(call.hub, owner),
        "user": shapes.user(call.hub, account),
    }


def _list_members(call: Call, login: str) -> set[int]:
    roles = (name for each in call.hub.world.repositories.values() if each.owner.login == login for name in each.roles)
    return {account.id for name in roles if (account := call.hub.world.account(name)) is not None}
