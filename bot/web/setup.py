"""Run ``forgehand setup``: register the GitHub App in the browser.

A page on loopback stores its credentials. Whoever reaches the page must know the one-time code printed in the terminal;
what comes back from GitHub must carry a state that was made here and is taken once.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import jinja2
from aiohttp import web

from bot.github.api.access import open_session
from bot.github.api.channel import Channel
from bot.github.api.client import Anonymous, Client
from bot.github.api.errors import GitHubError
from bot.github.api.hosts import api_url_of, web_url_of
from bot.github.api.limiter import Clock
from bot.github.api.transport import Transport
from bot.github.resources.manifest import Manifest, load_manifest
from bot.settings import Settings
from bot.types import ForgehandError, JsonModel
from bot.web.credentials import Credentials, CredentialsError, store, stored_app

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_COOKIE = "forgehand_setup"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 8
_MAX_GUESSES = 5
_STATE_SECONDS = 3600.0
_WEBHOOK_PATH = "/webhook"
_SIGN_IN_PATH = "/room/sign-in/back"


class SetupError(ForgehandError):
    """A failure of the setup; the message says why and what to do."""


class Wishes(JsonModel):
    """The values of the form; ``public_url``, ``organization`` may be empty."""

    name: str = "forgehand"
    organization: str = ""
    web_url: str = "https://github.com"
    public_url: str = ""
    groups: tuple[str, ...] = ()
    replace: bool = False


@dataclass
class Setup:
    """One run of the setup; ``code`` opens the page once, then a cookie."""

    data_dir: Path
    session: aiohttp.ClientSession
    manifest: Manifest
    wishes: Wishes = field(default_factory=Wishes)
    code: str = field(default_factory=lambda: "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)))
    guesses: int = 0
    cookie: str | None = None
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    states: dict[str, tuple[Wishes, float]] = field(default_factory=dict)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    failed: bool = False


_SETUP = web.AppKey("setup", Setup)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def run(settings: Settings, *, host: str = "127.0.0.1", port: int = 8081) -> bool:
    """Serve the page; return True once the App is registered.

    Returns False if too many wrong codes ended it. Raises :class:`SetupError` where ``host`` is no loopback address or
    the port is taken.
    """
    if host not in _LOOPBACK:
        raise SetupError(f"The setup page is served on this machine only; {host} is not a loopback address.")
    wishes = Wishes(web_url=settings.web_url, public_url=settings.public_url or "")
    async with open_session() as session:
        setup = Setup(settings.data_dir, session, load_manifest(), wishes)
        stored_app(setup.data_dir)
        runner = web.AppRunner(application(setup), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            await runner.cleanup()
            raise SetupError(f"Port {port} cannot be used ({error.strerror}); choose another with --port.") from None
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(
            f"\nOpen http://{shown}:{port}/ in a browser on this machine.\nOne-time code: {setup.code}\n\n"
        )
        sys.stdout.flush()
        try:
            await setup.done.wait()
        finally:
            await runner.cleanup()
        return not setup.failed


def application(setup: Setup) -> web.Application:
    """Return the application, private to the browser that knows the code."""
    app = web.Application(middlewares=[_guard], client_max_size=64 * 1024)
    app[_SETUP] = setup
    app.router.add_get("/", _show_form)
    app.router.add_post("/code", _take_code)
    app.router.add_post("/manifest", _take_form)
    app.router.add_get("/callback", _take_app)
    return app


@web.middleware
async def _guard(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuse requests that another site, or a name for loopback, caused."""
    setup = request.app[_SETUP]
    host = urlsplit(f"http://{request.host}").hostname
    origin = request.headers.get("Origin", f"{request.scheme}://{request.host}")
    if host not in _LOOPBACK or (request.method == "POST" and origin != f"{request.scheme}://{request.host}"):
        return _page("error", "Refused", status=403, text="This request did not come from the setup page itself.")
    given = request.cookies.get(_COOKIE, "")
    known = setup.cookie is not None and secrets.compare_digest(given.encode(), setup.cookie.encode())
    if request.path != "/code" and not known:
        status = 200 if request.path == "/" else 403
        return _page("code", "Enter the one-time code", step=1, status=status)
    try:
        return await handler(request)
    except ForgehandError as error:
        return _page("error", "That did not work", status=400, problem=error.message, text=_AGAIN)


_AGAIN = "Go back to the start page of this setup to try again; nothing was stored."


async def _take_code(request: web.Request) -> web.StreamResponse:
    setup = request.app[_SETUP]
    given = str((await request.post()).get("code", "")).strip().upper().replace("-", "")
    if setup.cookie is not None or not secrets.compare_digest(given.encode(), setup.code.encode()):
        setup.guesses += setup.cookie is None
        if setup.guesses >= _MAX_GUESSES:
            setup.failed = True
            setup.done.set()
            raise SetupError("Too many wrong codes; run `forgehand setup` again for a new one.")
        return _page(
            "code", "Enter the one-time code", step=1, status=403, problem="Wrong code, or it was used already."
        )
    setup.cookie = secrets.token_urlsafe(32)
    answer = web.Response(status=303, headers={"Location": "/"})
    # Lax, because GitHub leads the browser back here by a link.
    answer.set_cookie(_COOKIE, setup.cookie, httponly=True, samesite="Lax", path="/")
    return answer


async def _show_form(request: web.Request) -> web.StreamResponse:
    return _form(request.app[_SETUP])


async def _take_form(request: web.Request) -> web.StreamResponse:
    setup = request.app[_SETUP]
    data = await request.post()
    if not secrets.compare_digest(str(data.get("csrf", "")).encode(), setup.csrf.encode()):
        raise SetupError("The form is from an older page; reload the start page.")
    groups = tuple(str(value) for value in data.getall("group", []))
    texts = {key: str(data.get(key, "")).strip() for key in ("name", "organization", "web_url", "public_url")}
    setup.wishes = Wishes(**texts, groups=groups, replace=data.get("replace") == "yes")
    try:
        wishes = _check(setup.wishes, stored_app(setup.data_dir))
        callback = f"{request.scheme}://{request.host}/callback"
        document = setup.manifest.for_github(
            name=wishes.name,
            homepage=wishes.public_url or wishes.web_url,
            redirect_url=callback,
            hook_url=wishes.public_url + _WEBHOOK_PATH if wishes.public_url else None,
            callback_url=wishes.public_url + _SIGN_IN_PATH if wishes.public_url else None,
            groups=wishes.groups,
        )
    except ForgehandError as error:
        return _form(setup, problem=error.message)
    state = secrets.token_urlsafe(32)
    setup.states = {state: (wishes, time.monotonic())}
    owner = f"/organizations/{quote(wishes.organization)}" if wishes.organization else ""
    target = f"{wishes.web_url}{owner}/settings/apps/new?state={state}"
    return _page("send", "Ready to register", step=2, document=document, values=wishes, target=target)


async def _take_app(request: web.Request) -> web.StreamResponse:
    setup = request.app[_SETUP]
    wishes, since = setup.states.pop(request.query.get("state", ""), (None, 0.0))
    if wishes is None or time.monotonic() - since > _STATE_SECONDS:
        raise SetupError("This callback is unknown, was used already, or has expired; nothing was stored.")
    credentials = await _convert(setup.session, wishes, request.query.get("code", ""))
    urls = {"api_url": api_url_of(wishes.web_url), "web_url": wishes.web_url, "public_url": wishes.public_url or None}
    try:
        copies = await asyncio.to_thread(store, setup.data_dir, credentials, urls)
    except CredentialsError as error:
        raise SetupError(f"{error.message} The App exists: make a new private key on {credentials.html_url}.") from None
    asyncio.get_running_loop().call_later(1.0, setup.done.set)
    return _page(
        "done", "The App is registered", step=3, app=credentials, values=wishes, copies=copies, data_dir=setup.data_dir
    )


async def _convert(session: aiohttp.ClientSession, wishes: Wishes, code: str) -> Credentials:
    clock = Clock()
    client = Client(Transport(session, api_url_of(wishes.web_url), clock=clock), Channel(clock), Anonymous())
    try:
        data = await client.post("/app-manifests/{code}/conversions", {"code": code})
        return Credentials(
            app_id=data["id"],
            slug=data["slug"],
            name=data.get("name") or data["slug"],
            client_id=data.get("client_id") or "",
            client_secret=data.get("client_secret") or "",
            private_key=data["pem"],
            webhook_secret=data.get("webhook_secret"),
            html_url=data.get("html_url") or wishes.web_url,
        )
    except GitHubError as error:
        raise SetupError(
            f"GitHub did not return the App's credentials; its code is valid once, within one hour. {error.message}"
        ) from None
    except (KeyError, TypeError, ValueError):
        raise SetupError("GitHub's answer lacks the App's credentials; is this address really a GitHub?") from None


def _check(wishes: Wishes, replaces: str | None) -> Wishes:
    if not wishes.name or len(wishes.name) > 34:
        raise SetupError("The App needs a name of at most 34 characters.")
    if not all(char.isalnum() or char == "-" for char in wishes.organization):
        raise SetupError("An organization's name has only letters, digits and hyphens.")
    public = urlsplit(wishes.public_url)
    if wishes.public_url and (public.scheme not in {"https", "http"} or not public.hostname or public.query):
        raise SetupError("The public address must look like https://forgehand.example.com.")
    if replaces and not wishes.replace:
        raise SetupError(f"This would replace {replaces}; tick the box at the end if that is what you want.")
    return wishes.model_copy(
        update={"web_url": web_url_of(wishes.web_url), "public_url": wishes.public_url.rstrip("/")}
    )


def _form(setup: Setup, problem: str | None = None) -> web.Response:
    return _page(
        "form",
        "Register your GitHub App",
        step=1,
        status=400 if problem else 200,
        problem=problem,
        values=setup.wishes,
        manifest=setup.manifest,
        csrf=setup.csrf,
        replaces=stored_app(setup.data_dir),
        data_dir=setup.data_dir,
    )


def _page(page: str, title: str, *, status: int = 200, target: str | None = None, **values: Any) -> web.Response:
    nonce = secrets.token_urlsafe(16)
    text = _TEMPLATE.render(page=page, title=title, nonce=nonce, target=target, **values)
    # On its way to GitHub the browser may be led through a company's sign-in, wherever that is.
    action = f"'self' {'://'.join(urlsplit(target)[:2])} https:" if target else "'self'"
    return web.Response(text=text, status=status, content_type="text/html", headers=_headers(nonce, action))


def _headers(nonce: str, form_action: str) -> Mapping[str, str]:
    policy = (
        "default-src 'none'",
        f"style-src 'nonce-{nonce}'",
        f"form-action {form_action}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(policy),
        # Origin only: paths hold GitHub's code, and with none at all browsers hide the Origin we check.
        "Referrer-Policy": "strict-origin",
        "X-Content-Type-Options": "nosniff",
    }


_TEMPLATE = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=jinja2.ChainableUndefined,
    trim_blocks=True,
).get_template("setup.html")
