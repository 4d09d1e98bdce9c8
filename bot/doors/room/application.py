"""Serve the pages: find the page of a request, and turn what it shows into a response."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from http import HTTPStatus
from types import ModuleType

import structlog
from aiohttp import web

from bot.doors.api.callers import CallerRates
from bot.doors.api.context import Context
from bot.doors.api.problems import Problem
from bot.doors.room import (
    approvals,
    audit,
    budgets,
    commands,
    connect,
    delegate,
    deliveries,
    entrance,
    flaky,
    health,
    home,
    incidents,
    keys,
    news,
    own_sessions,
    providers,
    repositories,
    setup,
    start,
    task,
    tasks,
    tokens,
    tour,
    usage,
)
from bot.doors.room.guard import Guard, Handler, set_headers
from bot.doors.room.oauth import GitHubSignIn
from bot.doors.room.page import Moved, Page, Shown
from bot.doors.room.person import Signed, make_signed
from bot.doors.room.rendering import render, send_asset, set_up
from bot.doors.room.sessions import Cookies, find_session
from bot.doors.room.visit import Desk, Visit
from bot.github.api.errors import Forbidden, GitHubError
from bot.sealing.port import SealError
from bot.settings import LOOPBACK
from bot.store import sessions

MODULES: tuple[ModuleType, ...] = (
    home,
    approvals,
    tasks,
    start,
    delegate,
    incidents,
    flaky,
    repositories,
    commands,
    deliveries,
    audit,
    usage,
    budgets,
    providers,
    connect,
    keys,
    tokens,
    health,
    tour,
    own_sessions,
    task,
    news,
    setup,
    entrance,
)
"""The modules with pages, in the order of the navigation."""
_MESSAGE_SECONDS = 60
_SIGNED = web.RequestKey("signed", Signed)
_AGAIN = web.RequestKey("again", bool)  # who was signed in with GitHub until now
log = structlog.get_logger(__name__)


def list_pages() -> list[Page]:
    """List every page."""
    return [page for module in MODULES for page in module.pages.all]


async def make_room(context: Context) -> web.Application:
    """Return the application to mount at :data:`PREFIX`.

    At the first start the local administrator's token is made, and shown in the log.
    """
    token = await entrance.make_first_token(context.services.store)
    if token is not None:
        log.warning("sign in to the control room with this, it is shown once", path=entrance.SIGN_IN, with_this=token)
    room = Room(context, list_pages())
    app = web.Application(middlewares=[room.answer])
    app.on_response_prepare.append(set_headers)
    set_up(app, room.pages)
    app.router.add_get("/static/{hash}/{name}", send_asset)
    for page in room.pages:
        app.router.add_route(page.method, page.path, room.handler(page))
    return app


class Room:
    """The pages, and what they need to be answered."""

    def __init__(self, context: Context, pages: Sequence[Page]) -> None:
        self.pages = pages
        self._services = context.services
        self._desk = Desk(context, GitHubSignIn(context.services.settings, entrance.CALLBACK))
        self._is_open = context.services.settings.host in LOOPBACK or self._desk.github.is_ready
        self._guard = Guard(context.services.settings)
        self._cookies = Cookies(context.services.settings)
        a_minute = context.services.settings.api_requests_a_minute
        self._limit = CallerRates(context.services.rates.part("room"), a_minute)

    def handler(self, page: Page) -> Handler:
        """Return what answers requests for a page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visit = Visit(self._desk, request, request.get(_SIGNED))
            if page.hidden and not visit.is_administrator:
                raise web.HTTPNotFound
            if page.access != "anyone" and visit.signed is None:
                wanted = request.path_qs if page.method == "GET" else ""
                raise web.HTTPSeeOther(entrance.ask_to_sign_in(wanted, again=request.get(_AGAIN, False)))
            if page.access == "administrator" and not visit.is_administrator:
                raise Problem("This page is for the administrators of this server.", status=403)
            return self._respond(visit, page, await page.show(visit))

        return handle

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request; what goes wrong becomes a page that says so."""
        try:
            self._guard.check(request)
            signed = await self._recognise(request)
            if signed is not None:
                request[_SIGNED] = signed
            return await handler(request)
        except Problem as problem:
            return self._refuse(request, problem)
        except web.HTTPSeeOther:
            raise
        except web.HTTPException as refused:
            words = {404: "There is no such page.", 405: "This page does not take such requests."}
            text = words.get(refused.status, "This request cannot be answered.")
            return self._refuse(request, Problem(text, status=refused.status))
        except Forbidden as error:
            return self._refuse(request, Problem(error.message, status=403))
        except GitHubError as error:
            log.warning("GitHub did not answer for a page", reason=error.message)
            return self._refuse(request, Problem("GitHub did not answer; try again in a minute.", status=503))
        except SealError as error:
            log.error("a page needs the master key", reason=error.message)
            return self._refuse(request, Problem("The master key cannot be used; the log says why.", status=503))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:  # - the boundary of one request
            log.exception("a page failed")
            return self._refuse(request, Problem("Internal error; the server's log has the reason.", status=500))

    async def _recognise(self, request: web.Request) -> Signed | None:
        """Return who is signed in.

        Raises :class:`Problem`, and :class:`GitHubError` where GitHub does not say any more who that is.
        """
        await self._check_open()
        found = await find_session(self._services.store, self._cookies.read(request, "session"))
        session = None if found is None else await self._desk.freshness.renew(found)
        if session is None:
            if found is not None:
                request[_AGAIN] = self._desk.github.is_ready
            return None
        signed = make_signed(self._services.settings, session)
        if self._limit.take(signed.caller):
            raise Problem("Too many requests; wait a little.", status=429)
        return signed

    async def _check_open(self) -> None:
        """Raise :class:`Problem` (503) where nobody can sign in.

        Then there is nothing to protect the pages by, unless this machine alone reaches them.
        """
        if not self._is_open:
            self._is_open = await self._services.store.run(sessions.read_local) is not None
        if not self._is_open:
            text = "Nobody can sign in here yet: `forgehand tokens room` on the server makes a token."
            raise Problem(text, status=503)

    def _refuse(self, request: web.Request, problem: Problem) -> web.Response:
        visit = Visit(self._desk, request, request.get(_SIGNED))
        shown = Shown("problem.html", status=problem.status, problem=problem, phrase=HTTPStatus(problem.status).phrase)
        return render(visit, None, shown)

    def _respond(self, visit: Visit, page: Page, answer: Shown | Moved | web.StreamResponse) -> web.StreamResponse:
        if isinstance(answer, web.StreamResponse):
            return answer
        if isinstance(answer, Moved):
            moved = web.Response(status=303, headers={"Location": answer.to})
            if answer.message:
                self._cookies.set(moved, "message", _pack(answer.message), _MESSAGE_SECONDS)
            return moved
        message = _unpack(self._cookies.read(visit.request, "message"))
        response = render(visit, page, answer, message)
        if message:
            self._cookies.drop(response, "message")
        return response


def _pack(message: str) -> str:
    return base64.urlsafe_b64encode(message[:500].encode()).decode()


def _unpack(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
