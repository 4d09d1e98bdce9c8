"""Hold the limits of every request: time, size, pauses, no redirects.

What asks over HTTP opens with :func:`make_opener`, reads at most ``MOST_BYTES`` and asks again after ``PAUSES``.
"""

from __future__ import annotations

from typing import Any
from urllib.request import HTTPRedirectHandler, OpenerDirector, build_opener

MOST_BYTES = 16 * 1024 * 1024  # of an answer
SECONDS = 60.0  # without a sign of life; a stream of events has one every 15 s
PAUSES = (1.0, 3.0, 9.0, 20.0)  # before asking again


class _NoRedirects(HTTPRedirectHandler):
    """Redirects are not followed: the token is for one server."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def make_opener() -> OpenerDirector:
    """Return what opens requests and answers a redirect as an error."""
    return build_opener(_NoRedirects)
