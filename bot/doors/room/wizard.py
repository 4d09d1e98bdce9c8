"""Serve the set-up in a browser while there is no App: choose, register it on GitHub, and hand over to the bot.

Whoever has the one-time code of the log is let in, once, as the local administrator. What comes back from GitHub is
judged by ``bot.onboarding``. The steps after that, which need the bot, are pages of the room (``setup``).
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import aiohttp_jinja2
import structlog
from aiohttp import web

from bot.checkup import Line
from bot.doors.api.problems import Problem
from bot.doors.room.entrance import CALLBACK
from bot.doors.room.forms import read_posted
from bot.doors.room.guard import Guard, find_origin, make_policy, set_headers
from bot.doors.room.rendering import PREFIX, send_asset, set_up
from bot.doors.room.sessions import SESSION_SECONDS, Cookies, find_session, make_session
from bot.github.api.hosts import api_url_of
from bot.github.resources.manifest import Manifest, Places, load_manifest
from bot.onboarding import apps, wishes
from bot.onboarding.callbacks import CallbackRefused, digest
from bot.onboarding.probe import ECHO, Echo, probe_address, probe_github
from bot.onboarding.registrar import Registrar
from bot.onboarding.wishes import Wishes
from bot.settings import Settings
from bot.store import onboarding, sessions
from bot.store.sessions import Session
from bot.store.store import Store
from bot.types import ForgehandError

SETUP = "/setup"
CODE_MINUTES = 60
NEXT = f"{PREFIX}/setup"
INSTALLED = f"{PREFIX}/setup/installed"
_CODE_BYTES = 16  # 128 bits
_MOST_BODY = 64 * 1024
_STEPS = {"": "Address", "where": "GitHub", "rights": "Permissions", "create": "Create"}
_FIELDS = ("host", "subdomain", "server", "owner", "organization", "name")
_SESSION = web.RequestKey("setup_session", Session)
_CODES = "This code is unknown, was used already, or is older than an hour. Restart the server for another one."
_LOCKED = "Open the address that the server wrote to its log when it started; it is good once, for an hour."
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)


class Invitation:
    """A one-time code; it is kept as a hash, and good for an hour.

    The hour begins at ``now``, in seconds.
    """

    def __init__(self, now: float) -> None:
        self.code = secrets.token_urlsafe(_CODE_BYTES)
        self._digest = digest(self.code)
        self._until = now + CODE_MINUTES * 60

    def take(self, given: str, now: float) -> bool:
        """Return True for the code, once."""
        good = secrets.compare_digest(digest(given), self._digest) and now < self._until
        if good:
            self._digest = ""
        return good


class Wizard:
    """The set-up of one server, until it is registered.

    ``here``: the settings by which browsers reach this, where they do not reach the server itself; then the bot's pages
    do not follow.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        registrar: Registrar,
        session: aiohttp.ClientSession,
        *,
        here: Settings | None = None,
    ) -> None:
        self.registered = asyncio.Event()
        self._settings = settings
        self._store = store
        self._registrar = registrar
        self._session = session
        self._leads_on = here is None
        self._here = here or settings
        self._manifest: Manifest = load_manifest()
        self._invitation = Invitation(time.monotonic())
        self._echo = Echo()
        self._guard = Guard(self._here)
        self._cookies = Cookies(self._here)

    def invite(self) -> str:
        """Return the address that opens the set-up, once."""
        settings = self._here
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 - it is compared
        shown = f"[{host}]" if ":" in host else host
        origin = settings.origin or f"http://{shown}:{settings.port}"
        return f"{origin}{SETUP}?code={self._invitation.code}"

    def mounted(self) -> dict[str, web.Application]:
        """Return what is served, by the path that it answers below."""
        return {SETUP: self._make(), PREFIX: self._make_rest()}

    async def lead_in(self, _request: web.Request) -> web.StreamResponse:
        """Lead to the set-up."""
        raise web.HTTPSeeOther(SETUP)

    def _make(self) -> web.Application:
        app = web.Application(middlewares=[self._answer], client_max_size=_MOST_BODY)
        app.on_response_prepare.append(set_headers)
        set_up(app, ())
        app.add_routes(
            [
                web.get("", self._show_address),
                web.post("", self._take_address),
                web.get("/where", self._show_where),
                web.post("/where", self._take_where),
                web.get("/rights", self._show_rights),
                web.post("/rights", self._take_rights),
                web.get("/create", self._show_create),
                web.get("/callback", self._take_app),
                web.get(ECHO.removeprefix(SETUP), self._answer_echo),
            ]
        )
        return app

    def _make_rest(self) -> web.Application:
        """Return what stands in for the room: its files, and a page to wait on."""
        app = web.Application()
        app.on_response_prepare.append(set_headers)
        set_up(app, ())
        app.add_routes(
            [
                web.get("/static/{hash}/{name}", send_asset),
                web.get("", self.lead_in),
                web.get("/{rest:.*}", self._show_start),
            ]
        )
        return app

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer whoever was let in; what goes wrong becomes a page that says so."""
        if request.path == ECHO:
            return await handler(request)
        try:
            self._guard.check(request)
            if await self._registrar.is_configured():
                raise web.HTTPNotFound
            if code := request.query.get("code", "") if request.path == SETUP else "":
                return await self._let_in(request, code)
            session = await find_session(self._store, self._cookies.read(request, "session"))
            if session is None or session.account is not None:
                return _stop(request, 403, "", _LOCKED)
            request[_SESSION] = session
            return await handler(request)
        except Problem as problem:
            return _stop(request, problem.status, problem.message)
        except CallbackRefused as refused:
            return _stop(request, 400, refused.message)
        except ForgehandError as error:
            log.warning("the set-up did not go on", reason=error.message)
            return _stop(request, 502, error.message)

    async def _let_in(self, request: web.Request, code: str) -> web.StreamResponse:
        """Open a session for the code, and clean the address."""
        if not self._invitation.take(code, time.monotonic()):
            return _stop(request, 403, _CODES)
        session, secret = make_session(None, request.headers.get("User-Agent", ""))
        await self._store.run(sessions.add, session)
        log.info("somebody opened the set-up by its code", address=request.remote)
        response = web.Response(status=303, headers={"Location": SETUP})
        self._cookies.set(response, "session", secret, SESSION_SECONDS)
        return response

    async def _answer_echo(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self._echo.answer(request.query.get("nonce", "")[:64]))

    async def _show_address(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, "")

    async def _take_address(self, request: web.Request) -> web.StreamResponse:
        """Look whether the address leads here; it may be kept all the same."""
        form = await read_posted(request)
        chosen = await self._read(request)
        polls = form.get("way") == "poll"
        fixed = "public_url" in wishes.list_fixed(self._settings)
        given = "" if polls else str(form.get("public_url", ""))
        try:
            url = chosen.public_url if fixed else wishes.check_public_url(given)
        except ForgehandError as error:
            return await self._show(request, "", problem=error.message)
        if not polls and not url:
            return await self._show(request, "", problem="Enter the address, or choose to work without one.")
        await self._keep(request, public_url=url, polls=polls)
        if not polls and form.get("anyway") != "yes":
            line = await probe_address(self._session, url, self._echo)
            if line.level != "ok":
                return await self._show(request, "", lines=[line])
        raise web.HTTPSeeOther(f"{SETUP}/where")

    async def _show_where(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, "where")

    async def _take_where(self, request: web.Request) -> web.StreamResponse:
        """Look whether a GitHub answers there, and what its clock says."""
        form = await read_posted(request)
        chosen = await self._read(request)
        texts = {name: str(form.get(name, "")) for name in _FIELDS}
        try:
            host = chosen.web_url
            if "web_url" not in wishes.list_fixed(self._settings):
                host = wishes.check_host(texts["host"], texts["subdomain"], texts["server"])
            owner = wishes.check_owner(texts["organization"]) if texts["owner"] == "organization" else ""
            if texts["owner"] == "organization" and not owner:
                raise wishes.WishRefused("Enter the name of the organisation.")
            name = wishes.check_name(texts["name"])
        except ForgehandError as error:
            return await self._show(request, "where", problem=error.message)
        await self._keep(request, web_url=host, organization=owner, name=name)
        lines = await probe_github(self._session, self._api_url(host))
        if any(line.level != "ok" for line in lines) and form.get("anyway") != "yes":
            return await self._show(request, "where", lines=lines)
        raise web.HTTPSeeOther(f"{SETUP}/rights")

    async def _show_rights(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request, "rights", manifest=self._manifest)

    async def _take_rights(self, request: web.Request) -> web.StreamResponse:
        form = await read_posted(request)
        groups = wishes.check_groups([str(name) for name in form.getall("group", [])], self._manifest)
        await self._keep(request, groups=groups)
        raise web.HTTPSeeOther(f"{SETUP}/create")

    async def _show_create(self, request: web.Request) -> web.StreamResponse:
        """Show what GitHub will be asked for, with the button that asks."""
        chosen = await self._read(request)
        form = await self._registrar.begin(request[_SESSION].id, chosen, self._list_places(request, chosen))
        response = await self._show(request, "create", form=form, manifest=self._manifest)
        # on its way to GitHub the browser may be led through a company's sign-in, wherever that is
        response.headers["Content-Security-Policy"] = make_policy(_cut_origin(form.target), "https:")
        return response

    async def _take_app(self, request: web.Request) -> web.StreamResponse:
        """Take what GitHub brings back; then the bot starts."""
        chosen = await self._read(request)
        app = await self._registrar.finish(request[_SESSION].id, chosen, request.query)
        log.info("the App is registered", app=app.name, id=app.app_id, at=app.web_url)
        self.registered.set()
        if not self._leads_on:
            return _render(request, "setup_done.html", "The App is registered", app=app)
        response = web.Response(status=303, headers={"Location": NEXT})
        # with a public address of https the bot's cookies have other names: whoever is here stays signed in
        secret = self._cookies.read(request, "session")
        Cookies(apps.fill(self._settings, app)).set(response, "session", secret, SESSION_SECONDS)
        return response

    async def _show_start(self, request: web.Request) -> web.StreamResponse:
        if not await self._registrar.is_configured():
            raise web.HTTPSeeOther(SETUP)
        return _render(request, "setup_start.html", "Starting", status=503)

    async def _read(self, request: web.Request) -> Wishes:
        kept = await self._store.run(onboarding.find_wishes, request[_SESSION].id)
        given = Wishes.of(self._settings)
        fixed = {name: getattr(given, name) for name in wishes.list_fixed(self._settings)}
        return Wishes(**given.model_dump() | kept | fixed)

    async def _keep(self, request: web.Request, **changed: Any) -> None:
        chosen = (await self._read(request)).model_copy(update=changed)
        await self._store.run(onboarding.keep_wishes, request[_SESSION].id, chosen.model_dump(mode="json"))

    async def _show(
        self, request: web.Request, step: str, problem: str = "", lines: Sequence[Line] = (), **values: Any
    ) -> web.Response:
        """Show a step; ``problem`` and ``lines`` say what is wrong with it."""
        return _render(
            request,
            f"setup_{step or 'address'}.html",
            _STEPS[step],
            status=400 if problem else 200,
            problem=problem,
            lines=lines,
            chosen=await self._read(request),
            fixed=wishes.list_fixed(self._settings),
            step=step,
            **values,
        )

    def _api_url(self, host: str) -> str:
        return self._settings.api_url if "api_url" in self._settings.model_fields_set else api_url_of(host)

    def _list_places(self, request: web.Request, chosen: Wishes) -> Places:
        """Return where GitHub leads browsers back to.

        This one came by the address of its request: it holds a cookie for that. Everybody else comes by the public one.
        """
        here = f"{request.scheme}://{request.host}"
        for known in (chosen.public_url, find_origin(self._here) or ""):
            if urlsplit(known).netloc == request.host:
                here = _cut_origin(known)
        public = chosen.public_url or here
        signed_in = dict.fromkeys(f"{origin}{CALLBACK}" for origin in (public, here))
        return Places(
            registered=f"{here}{SETUP}/callback", installed=f"{public}{INSTALLED}", signed_in=tuple(signed_in)
        )


def _cut_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _stop(request: web.Request, status: int, problem: str, text: str = "") -> web.Response:
    return _render(request, "setup_stop.html", "Set-up", status=status, problem=problem, text=text)


def _render(request: web.Request, template: str, title: str, *, status: int = 200, **values: Any) -> web.Response:
    shown = {"visit": {"signed": None}, "page": None, "title": title, "message": "", **values}
    return aiohttp_jinja2.render_template(template, request, shown, status=status)
