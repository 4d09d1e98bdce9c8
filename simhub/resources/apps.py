"""/app, /app/installations, /installation: what an App asks with its JWT, and the tokens it gets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from simhub import auth, lifecycle, shapes
from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_found
from simhub.model import App, Installation, Repository, iso

_RANK = {"read": 1, "write": 2, "admin": 3}
_MAX_REPOSITORIES = 500


def _app(call: Call) -> App:
    assert call.actor.app is not None
    return call.actor.app


def _own(call: Call) -> list[Installation]:
    return [i for i in call.hub.world.installations.values() if i.app is _app(call) and not i.deleted]


def _installation(call: Call) -> Installation:
    found = next((i for i in _own(call) if str(i.id) == call.params["id"]), None)
    if found is None:
        raise not_found()
    return found


@routes.add("GET", "/app", auth="jwt")
async def get_app(call: Call) -> Any:
    return shapes.integration(call.hub, _app(call)) | {"installations_count": len(_own(call))}


@routes.add("GET", "/app/installations", auth="jwt")
async def list_installations(call: Call) -> Any:
    return [shapes.installation(call.hub, item) for item in call.page(_own(call))]


@routes.add("GET", "/app/installations/{id}", auth="jwt")
async def get_installation(call: Call) -> Any:
    return shapes.installation(call.hub, _installation(call))


@routes.add("DELETE", "/app/installations/{id}", auth="jwt")
async def delete_installation(call: Call) -> Any:
    lifecycle.uninstall(call.hub, _installation(call), None)
    return Answer(status=204)


@routes.add("PUT", "/app/installations/{id}/suspended", auth="jwt")
async def suspend(call: Call) -> Any:
    lifecycle.suspend(call.hub, _installation(call), None)
    return Answer(status=204)


@routes.add("DELETE", "/app/installations/{id}/suspended", auth="jwt")
async def unsuspend(call: Call) -> Any:
    lifecycle.unsuspend(call.hub, _installation(call), None)
    return Answer(status=204)


@routes.add("GET", "/repos/{owner}/{repo_name}/installation", auth="jwt")
async def repository_installation(call: Call) -> Any:
    repo = call.hub.world.repository(f"{call.params['owner']}/{call.params['repo_name']}")
    found = call.hub.world.installation_of(_app(call), repo) if repo else None
    if found is None:
        raise not_found()
    return shapes.installation(call.hub, found)


@routes.add("GET", "/users/{login}/installation", auth="jwt")
@routes.add("GET", "/orgs/{login}/installation", auth="jwt")
async def account_installation(call: Call) -> Any:
    found = next((i for i in _own(call) if i.account.login.lower() == call.params["login"].lower()), None)
    if found is None:
        raise not_found()
    return shapes.installation(call.hub, found)


@routes.add("GET", "/apps/{slug}")
async def public_app(call: Call) -> Any:
    app = next((app for app in call.hub.world.apps.values() if app.slug == call.params["slug"]), None)
    if app is None:
        raise not_found()
    return shapes.integration(call.hub, app)


@routes.add("POST", "/app/installations/{id}/access_tokens", auth="jwt")
async def create_token(call: Call) -> Any:
    installation = _installation(call)
    if installation.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    permissions = _narrowed(installation, call.body.get("permissions"))
    repositories = _chosen(call, installation)
    token = auth.mint(call.hub.world, installation, permissions, repositories)
    body: dict[str, Any] = {
        "token": token.value,
        "expires_at": iso(datetime.fromtimestamp(token.expires, UTC)),
        "permissions": {"metadata": "read", **permissions},
        "repository_selection": "all" if installation.all_repositories and repositories is None else "selected",
    }
    if repositories is not None:
        body["repositories"] = [shapes.repository(call.hub, repo) for repo in repositories]
    return Answer(body, 201)


def _narrowed(installation: Installation, wanted: Any) -> dict[str, str]:
    held = {"metadata": "read", **installation.permissions}
    if wanted is None or wanted == {}:
        return dict(installation.permissions)
    if not isinstance(wanted, dict):
        raise ApiError(422, "Invalid request.\n\nFor 'properties/permissions', value is not an object.")
    for name, level in wanted.items():
        if level not in _RANK:
            raise ApiError(422, f'Invalid request.\n\n{level} is not a member of ["read", "write"].')
        if _RANK[level] > _RANK.get(held.get(name, ""), 0):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    return dict(wanted)


def _chosen(call: Call, installation: Installation) -> list[Repository] | None:
    names = call.body.get("repositories")
    ids = call.body.get("repository_ids")
    if names is None and ids is None:
        return None
    names = call.strings("repositories")
    ids = ids or []
    covered = [repo for repo in call.hub.world.repositories.values() if installation.covers(repo)]
    chosen = [repo for repo in covered if repo.id in ids or repo.name.lower() in [name.lower() for name in names]]
    if len(chosen) != len({*map(str.lower, names)}) + len({*ids}) or len(chosen) > _MAX_REPOSITORIES:
        raise ApiError(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    return chosen


@routes.add("DELETE", "/installation/token", auth="token")
async def revoke_token(call: Call) -> Any:
    if call.actor.token is None:
        raise ApiError(403, "Resource not accessible by personal access token")
    call.actor.token.revoked = True
    return Answer(status=204)


@routes.add("GET", "/installation/repositories", auth="token")
async def token_repositories(call: Call) -> Any:
    token = call.actor.token
    if token is None:
        raise ApiError(403, "You must authenticate with an installation access token in order to list repositories")
    covered = [repo for repo in call.hub.world.repositories.values() if token.covers(repo)]
    listed = [shapes.repository(call.hub, repo) | {"permissions": _as_role(token.permissions)} for repo in
              call.page(covered)]  # fmt: skip
    selection = "all" if token.installation.all_repositories and token.repositories is None else "selected"
    return {"total_count": len(covered), "repository_selection": selection, "repositories": listed}


@routes.add("GET", "/user/installations", auth="token")
async def installations_of_user(call: Call) -> Any:
    """List the installations of the App whose token this is that the person has explicit access to."""
    found = [item for item in _signed_in_app(call) if item.account is call.user or _shared(call, item)]
    listed = [shapes.installation(call.hub, item) for item in call.page(found)]
    return {"total_count": len(found), "installations": listed}


@routes.add("GET", "/user/installations/{id}/repositories", auth="token")
async def repositories_of_user(call: Call) -> Any:
    item = next((each for each in _signed_in_app(call) if str(each.id) == call.params["id"]), None)
    if item is None or item.suspended_at:
        raise not_found()
    found = _shared(call, item)
    listed = [shapes.repository(call.hub, repo, repo.role_of(call.user)) for repo in call.page(found)]
    selection = "all" if item.all_repositories else "selected"
    return {"total_count": len(found), "repository_selection": selection, "repositories": listed}


def _signed_in_app(call: Call) -> list[Installation]:
    if call.actor.kind != "user" or call.actor.app is None:
        words = "You must authenticate with an access token authorized to a GitHub App in order to list installations"
        raise ApiError(403, words)
    return _own(call)


def _shared(call: Call, item: Installation) -> list[Repository]:
    """List what an installation covers and the person has explicit permission for: none for being public."""
    covered = [repo for repo in call.hub.world.repositories.values() if item.covers(repo)]
    return [repo for repo in covered if repo.has_collaborator(call.user)]


def _as_role(permissions: dict[str, str]) -> dict[str, bool]:
    push = permissions.get("contents") == "write"
    return {"admin": False, "maintain": False, "push": push, "triage": False, "pull": "contents" in permissions}


@routes.add("DELETE", "/applications/{client}/token", auth="client")
async def delete_person_token(call: Call) -> Any:
    """Revoke one token of a person's; only the App that it was given to may."""
    token, world = str(call.payload.get("access_token", "")), call.hub.world
    if _app(call).client_id != call.params["client"] or world.app_tokens.get(token) is not _app(call):
        raise not_found()
    del world.user_tokens[token], world.app_tokens[token]
    return Answer(status=204)


@routes.add("POST", "/app-manifests/{code}/conversions")
async def convert_manifest(call: Call) -> Any:
    """Hand the credentials of a freshly registered App over, once and within the hour."""
    pending = call.hub.conversions.pop(call.params["code"], None)
    if pending is None or pending.until < call.hub.world.clock():
        raise not_found()
    made = pending.credentials
    secret = {"client_secret": made.client_secret, "webhook_secret": made.webhook_secret, "pem": made.private_key}
    return Answer(shapes.integration(call.hub, made.app) | secret, 201)
