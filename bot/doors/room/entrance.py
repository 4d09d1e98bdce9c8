"""Sign people in and out."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlencode

from aiohttp import web

from bot.doors.api.tokens import make_local_token, read_local_token
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.rendering import PREFIX
from bot.doors.room.sessions import SESSION_SECONDS, Cookies, open_session
from bot.doors.room.visit import Visit
from bot.rates import Allowance
from bot.store import sessions
from bot.store.store import Store

pages = Pages("entrance")
SIGN_IN = f"{PREFIX}/sign-in"
_TRIES_A_MINUTE = 5
_OURS = re.compile(rf"{PREFIX}(?:[/?][!-\[\]-~]*)?")


def ask_to_sign_in(wanted: str = "") -> str:
    """Return where people sign in, and come back to a page from."""
    return f"{SIGN_IN}?{urlencode({'next': wanted})}" if wanted else SIGN_IN


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
    return Shown("sign_in.html", wanted=wanted, problem="")


@pages.add("POST", "/sign-in", access="anyone", title="Sign in")
async def take_local_token(visit: Visit) -> Answer:
    """Sign the local administrator in."""
    services, request = visit.context.services, visit.request
    form = await request.post()
    wanted = check_next(str(form.get("next", "")))
    tries = Allowance(f"sign in {request.remote}", _TRIES_A_MINUTE)
    if services.rates.take(tries):
        problem = "Too many tries; wait a minute."
        return Shown("sign_in.html", status=429, wanted=wanted, problem=problem)
    given = read_local_token(str(form.get("token", "")).strip())
    known = await services.store.run(sessions.read_local)
    if given is None or known is None or not secrets.compare_digest(given.digest, known):
        problem = "This is not the administrator's token. `forgehand tokens room` on the server makes a new one."
        return Shown("sign_in.html", status=403, wanted=wanted, problem=problem)
    _, secret = await open_session(services.store, None, request.headers.get("User-Agent", ""))
    response = web.Response(status=303, headers={"Location": wanted})
    Cookies(services.settings).set(response, "session", secret, SESSION_SECONDS)
    return response


@pages.add("POST", "/sign-out", access="person", title="Sign out")
async def sign_out(visit: Visit) -> Answer:
    """End the session; its cookie is good for nothing then."""
    assert visit.signed is not None
    number = visit.signed.session.id
    services = visit.context.services
    await services.store.run(lambda connection: sessions.end(connection, number))
    response = web.Response(status=303, headers={"Location": SIGN_IN})
    Cookies(services.settings).drop(response, "session")
    return response
