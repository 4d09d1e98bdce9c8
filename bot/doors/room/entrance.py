"""Sign people in and out."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlencode

from aiohttp import web

from bot.doors.api.tokens import make_local_token, read_local_token
from bot.doors.room.forms import read_posted
from bot.doors.room.freshness import look_around
from bot.doors.room.oauth import PENDING_SECONDS, TOKEN_SECONDS, Pending, SignInFailed
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.person import is_administrator
from bot.doors.room.rendering import PREFIX, render
from bot.doors.room.sessions import SESSION_SECONDS, Cookies, make_session
from bot.doors.room.visit import Visit
from bot.github.api.errors import BadCredentials
from bot.rates import Allowance
from bot.store import sessions
from bot.store.sessions import Session
from bot.store.store import Store

pages = Pages("entrance")
SIGN_IN = f"{PREFIX}/sign-in"
CALLBACK = f"{SIGN_IN}/back"
_TRIES_A_MINUTE = 5
_PENDING = "state"  # the cookie of a sign-in under way
_OURS = re.compile(rf"{PREFIX}(?:[/?][!-\[\]-~]*)?")


def ask_to_sign_in(wanted: str = "", *, again: bool = False) -> str:
    """Return where people sign in, and come back to a page from.

    ``again``: GitHub has just known them, and will not ask a thing.
    """
    where = f"{SIGN_IN}/github" if again else SIGN_IN
    return f"{where}?{urlencode({'next': wanted})}" if wanted else where


def check_next(wanted: str) -> str:
    """Return a page of ours that was asked for, else the first one."""
    return wanted if _OURS.fullmatch(wanted) else PREFIX


async def make_first_token(store: Store) -> str | None:
    """Make the local administrator's token; None where there is one."""
    token = make_local_token()
    kept = await store.run(lambda connection: sessions.keep_local(connection, token.digest))
    return token.text if kept else None


@pages.add("GET", "/sign-in", access="anyone", title="Sign in")
async def show_sign_in(visit: Visit) -> Answer:
    """Show how to sign in."""
    wanted = check_next(visit.request.query.get("next", ""))
    if visit.signed is not None:
        return Moved(wanted)
    return _show_form(visit, wanted)


@pages.add("POST", "/sign-in", access="anyone", title="Sign in")
async def take_local_token(visit: Visit) -> Answer:
    """Sign the local administrator in."""
    services, request = visit.context.services, visit.request
    form = await read_posted(request)
    wanted = check_next(str(form.get("next", "")))
    if services.rates.take(Allowance(f"sign in {request.remote}", _TRIES_A_MINUTE)):
        return _show_form(visit, wanted, "Too many tries; wait a minute.", 429)
    given = read_local_token(str(form.get("token", "")).strip())
    known = await services.store.run(sessions.read_local)
    if given is None or known is None or not secrets.compare_digest(given.digest, known):
        problem = "This is not the administrator's token. `forgehand tokens room` on the server makes a new one."
        return _show_form(visit, wanted, problem, 403)
    session, secret = make_session(None, _browser_of(visit))
    return await _let_in(visit, session, secret, wanted)


@pages.add("GET", "/sign-in/github", access="anyone", title="Sign in")
async def go_to_github(visit: Visit) -> Answer:
    """Send the browser to GitHub's page."""
    github = visit.desk.github
    if not github.is_ready:
        return _show_form(visit, PREFIX, "Signing in with GitHub is not set up on this server.", 404)
    query = visit.request.query
    url, pending = github.begin(check_next(query.get("next", "")), choose="choose" in query)
    response = web.Response(status=303, headers={"Location": url})
    Cookies(visit.context.services.settings).set(response, _PENDING, pending.pack(), PENDING_SECONDS)
    return response


@pages.add("GET", "/sign-in/back", access="anyone", title="Sign in")
async def come_back(visit: Visit) -> Answer:
    """Sign in whom GitHub sends back, if they began here."""
    cookies = Cookies(visit.context.services.settings)
    pending = Pending.unpack(cookies.read(visit.request, _PENDING))
    state = visit.request.query.get("state", "")
    if pending is None or not secrets.compare_digest(pending.state.encode(), state.encode()):
        return _show_form(visit, PREFIX, "This sign-in was not begun here, or is over. Try again.", 403)
    answer = await _finish(visit, pending)
    cookies.drop(answer, _PENDING)
    return answer


async def _finish(visit: Visit, pending: Pending) -> web.Response:
    """Let in whom GitHub names, if the server has anything to show them."""
    services, desk = visit.context.services, visit.desk
    wanted = check_next(pending.wanted)
    code = visit.request.query.get("code", "")
    if not code:
        return _render_form(visit, wanted, "GitHub did not sign you in: you or an owner declined.", 403)
    try:
        token = await desk.github.finish(code, pending)
        account, seen = await look_around(services.github.for_person(token))
    except (SignInFailed, BadCredentials) as error:
        return _render_form(visit, wanted, error.message, 502)
    if not seen and not is_administrator(services.settings, account):
        shown = Shown("stranger.html", status=403, login=account.login)
        return render(visit, None, shown)
    session, secret = make_session(account, _browser_of(visit), seen)
    session = await desk.freshness.seal(session, token, TOKEN_SECONDS)
    return await _let_in(visit, session, secret, wanted)


async def _let_in(visit: Visit, session: Session, secret: str, wanted: str) -> web.Response:
    """Store a session, and end the one that the browser had."""
    services = visit.context.services
    if visit.signed is not None:
        await visit.desk.end(visit.signed.session)
    await services.store.run(sessions.add, session)
    response = web.Response(status=303, headers={"Location": wanted})
    Cookies(services.settings).set(response, "session", secret, SESSION_SECONDS)
    return response


def _show_form(visit: Visit, wanted: str, problem: str = "", status: int = 200) -> Shown:
    return Shown("sign_in.html", status=status, wanted=wanted, problem=problem, with_github=visit.desk.github.is_ready)


def _render_form(visit: Visit, wanted: str, problem: str, status: int) -> web.Response:
    return render(visit, None, _show_form(visit, wanted, problem, status))


def _browser_of(visit: Visit) -> str:
    return visit.request.headers.get("User-Agent", "")


@pages.add("POST", "/sign-out", access="person", title="Sign out")
async def sign_out(visit: Visit) -> Answer:
    """End the session: its cookie is good for nothing then, nor its token."""
    assert visit.signed is not None
    await visit.desk.end(visit.signed.session)
    response = web.Response(status=303, headers={"Location": SIGN_IN})
    Cookies(visit.context.services.settings).drop(response, "session")
    return response
