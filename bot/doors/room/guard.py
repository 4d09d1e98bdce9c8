"""Hold what every page shares: headers, and that acts come from our own pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.doors.api.problems import Problem
from bot.settings import LOOPBACK, Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SAFE = frozenset({"GET", "HEAD"})
_OURS = frozenset({"same-origin", "none"})
_STRANGE = "This did not come from a page of this server, so nothing was done. Open the page again and repeat it."
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # without any referrer browsers would send `Origin: null`
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def find_origin(settings: Settings) -> str | None:
    """Return the origin that browsers know us by.

    It is never taken from a request, whose headers anybody can write. None where it is not known.
    """
    if settings.origin is not None:
        return settings.origin
    host = "127.0.0.1" if settings.host == "::1" else settings.host
    return f"http://{host}:{settings.port}" if settings.host in LOOPBACK else None


def make_policy(*hosts: str) -> str:
    """Return the content security policy of a page.

    ``hosts`` are origins, such as GitHub's, that its forms may lead to.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *hosts)),
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


async def set_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Set what a page did not set itself."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", make_policy())


class Guard:
    """A check that acts come from our own pages.

    Browsers say where a request comes from, and no page can change that.
    """

    def __init__(self, settings: Settings) -> None:
        self._origin = find_origin(settings)

    def check(self, request: web.Request) -> None:
        """Raise :class:`Problem` (403) for what another site caused."""
        if request.method in _SAFE:
            return
        site = request.headers.get("Sec-Fetch-Site")
        ours = site in _OURS if site is not None else request.headers.get("Origin") == self._origin
        if self._origin is None and site is None:
            raise Problem(f"{_STRANGE} Perhaps FORGEHAND_PUBLIC_URL is missing: browsers need https.", status=403)
        if not ours:
            raise Problem(_STRANGE, status=403)
