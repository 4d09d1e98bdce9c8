"""Read what a browser posts: programs post other things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.doors.api.problems import Problem

if TYPE_CHECKING:
    from aiohttp.web_request import FileField
    from multidict import MultiDictProxy


async def read_posted(request: web.Request) -> MultiDictProxy[str | bytes | bytearray | FileField]:
    """Return the fields of a form.

    Raises :class:`Problem` (400) for a body that is not a form: without a boundary, or in an unknown encoding.
    """
    try:
        return await request.post()
    except (ValueError, LookupError, AssertionError):  # whatever aiohttp's parsers stumble over
        raise Problem("This form could not be read.", status=400) from None
