"""Register an App from a manifest, install it and sign people in, as a browser does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

from aiohttp import web

from simhub.model import AppCredentials, Conversion, SignIn
from simhub.pages.site import Site

CODE_SECONDS = 3600
_SIGN_IN_SECONDS = 600
_TOKEN_SECONDS = 28_800
_REFRESH_SECONDS = 15_811_200


def add_routes(app: web.Application, site: Site) -> None:
    for path in ("/settings/apps/new", "/organizations/{owner}/settings/apps/new"):
        site.bind(app, "POST", path, _review_manifest)
    site.bind(app, "POST", "/settings/apps/create", _create)
    site.bind(app, "GET", "/apps/{slug}", _app)
    site.bind(app, "GET", "/apps/{slug}/installations/new", _app)
    site.bind(app, "POST", "/apps/{slug}/installations", _install)
    site.bind(app, "GET", "/login/oauth/authorize", _authorize)
    site.bind(app, "POST", "/login/oauth/authorize", _authorized)
    site.bind(app, "POST", "/login/oauth/access_token", _access_token)


def _manifest(text: str) -> dict[str, Any]:
    """Read a manifest. Refuses what GitHub refuses: no JSON, no name, url or hook address."""
    try:
        found = json.loads(text)
    except ValueError:
        raise web.HTTPUnprocessableEntity(text="Invalid GitHub App configuration: manifest is not JSON") from None
    missing = [key for key in ("url", "redirect_url", "hook_attributes") if not found.get(key)]
    if missing or not found["hook_attributes"].get("url"):
        words = ", ".join(missing) or "hook_attributes.url"
        raise web.HTTPUnprocessableEntity(text=f"Invalid GitHub App configuration: {words} is missing")
    return dict(found)


async def _review_manifest(site: Site, request: web.Request) -> web.StreamResponse:
    form = await request.post()
    manifest = _manifest(str(form.get("manifest", "")))
    state = str(request.query.get("state", form.get("state", "")))
    owner = request.match_info.get("owner", "")
    return site.page("manifest.html", manifest=manifest, raw=json.dumps(manifest), state=state, owner=owner)


async def _create(site: Site, request: web.Request) -> web.StreamResponse:
    form = await request.post()
    manifest = _manifest(str(form["manifest"]))
    hub = site.hub
    name = str(form.get("name") or manifest.get("name") or "app")
    if any(app.name.lower() == name.lower() for app in hub.world.apps.values()):
        raise web.HTTPUnprocessableEntity(text="Name has already been taken")
    credentials = hub.create_app(
        name, manifest["hook_attributes"]["url"], secrets.token_hex(20), manifest.get("default_permissions") or {},
        manifest.get("default_events") or (), str(form.get("owner") or "apps-team"),
    )  # fmt: skip
    credentials.app.external_url = manifest["url"]
    credentials.app.callback_urls = list(manifest.get("callback_urls") or ())
    credentials.app.setup_url = str(manifest.get("setup_url") or "")
    if manifest["hook_attributes"].get("active", True):
        hub.webhooks.ping(credentials.app)
    else:
        credentials.webhook_url = None
    code = secrets.token_hex(20)
    hub.conversions[code] = Conversion(credentials, hub.world.clock() + CODE_SECONDS)
    target = {"code": code} | ({"state": str(form["state"])} if form.get("state") else {})
    raise web.HTTPFound(f"{manifest['redirect_url']}?{urlencode(target)}")


def _named(site: Site, request: web.Request) -> AppCredentials:
    found = next((a for a in site.hub.credentials.values() if a.slug == request.match_info["slug"]), None)
    if found is None:
        raise web.HTTPNotFound(text="No such App.")
    return found


async def _app(site: Site, request: web.Request) -> web.StreamResponse:
    owners = sorted({repo.owner.login for repo in site.hub.world.repositories.values()})
    state = str(request.query.get("state", ""))
    return site.page("app.html", app=_named(site, request).app, owners=owners, state=state)


async def _install(site: Site, request: web.Request) -> web.StreamResponse:
    form = await request.post()
    credentials = _named(site, request)
    names = [str(name) for name in form.getall("repository", [])]
    installation = site.hub.install(credentials, str(form["owner"]), names or None)
    state = {"state": str(form["state"])} if form.get("state") else {}
    told = urlencode({"installation_id": installation.id, "setup_action": "install"} | state)
    raise web.HTTPFound(f"{credentials.app.setup_url or f'/apps/{credentials.slug}'}?{told}")


async def _authorize(site: Site, request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("client_id")
    app = next((app for app in site.hub.world.apps.values() if app.client_id == wanted), None)
    if app is None:
        raise web.HTTPNotFound(text="No App has this client id.")
    back = request.query.get("redirect_uri", "")
    if app.callback_urls and back not in app.callback_urls:
        words = "The redirect_uri MUST match the registered callback URL for this application."
        _lead_back(app.callback_urls[0], request.query, error="redirect_uri_mismatch", error_description=words)
    if request.query.get("code_challenge") and request.query.get("code_challenge_method") != "S256":
        _lead_back(back, request.query, error="invalid_request", error_description="Only S256 is supported.")
    people = [account for account in site.hub.world.accounts.values() if account.type == "User"]
    return site.page("authorize.html", app=app, people=people, query=dict(request.query))


def _lead_back(redirect: str, asked: Mapping[str, Any], **told: str) -> NoReturn:
    """Send the browser back to the App with a code or an error, and its own state."""
    joint = "&" if "?" in redirect else "?"
    raise web.HTTPFound(f"{redirect}{joint}{urlencode({**told, 'state': str(asked.get('state', ''))})}")


async def _authorized(site: Site, request: web.Request) -> web.StreamResponse:
    form = await request.post()
    if "cancel" in form:
        words = "The user has denied your application access."
        _lead_back(str(form["redirect_uri"]), form, error="access_denied", error_description=words)
    user = site.hub.world.account(str(form["login"]))
    if user is None or user.type != "User":
        raise web.HTTPNotFound(text="Nobody here has that name.")
    code = secrets.token_hex(10)
    redirect = str(form["redirect_uri"])
    challenge = str(form.get("code_challenge", ""))
    until = site.hub.world.clock() + _SIGN_IN_SECONDS
    site.hub.sign_ins[code] = SignIn(str(form["client_id"]), user, redirect, challenge, until)
    _lead_back(redirect, form, code=code)


async def _access_token(site: Site, request: web.Request) -> web.StreamResponse:
    """Exchange a code, once, for a person's token. Errors come with status 200, as GitHub sends them."""
    form = await (request.json() if "json" in request.headers.get("Content-Type", "") else request.post())
    app = next((a for a in site.hub.world.apps.values() if a.client_id == form.get("client_id")), None)
    if app is None or not hmac.compare_digest(app.client_secret, str(form.get("client_secret", ""))):
        return _told(request, {"error": "incorrect_client_credentials"})
    pending = site.hub.sign_ins.pop(str(form.get("code", "")), None)
    if pending is None or pending.client_id != app.client_id or pending.until < site.hub.world.clock():
        words = "The code passed is incorrect or expired."
        return _told(request, {"error": "bad_verification_code", "error_description": words})
    if pending.challenge and pending.challenge != _challenge(str(form.get("code_verifier", ""))):
        return _told(request, {"error": "bad_verification_code", "error_description": "code_verifier does not match"})
    if form.get("redirect_uri") and str(form["redirect_uri"]) != pending.redirect_uri:
        words = "The redirect_uri MUST match the registered callback URL for this application."
        return _told(request, {"error": "redirect_uri_mismatch", "error_description": words})
    token = f"ghu_{secrets.token_hex(18)}"
    site.hub.world.user_tokens[token] = pending.user
    site.hub.world.app_tokens[token] = app
    told: dict[str, str | int] = {"access_token": token, "token_type": "bearer", "scope": ""}
    told |= {"refresh_token": f"ghr_{secrets.token_hex(38)}", "expires_in": _TOKEN_SECONDS}
    return _told(request, told | {"refresh_token_expires_in": _REFRESH_SECONDS})


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _told(request: web.Request, body: Mapping[str, str | int]) -> web.Response:
    if "json" in request.headers.get("Accept", ""):
        return web.json_response(body)
    return web.Response(text=urlencode(body), content_type="application/x-www-form-urlencoded")
