"""Read the body of a delivery, bounded in size and time."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.doors.webhook.signature import InvalidDelivery

PATIENCE = 8.0  # seconds; GitHub and Alertmanager hang up after ten


async def read_body(request: web.Request, most: int) -> bytes:
    """Return the raw body.

    Raises :class:`InvalidDelivery` (413) for more than ``most`` bytes, :class:`TimeoutError` where it takes too long.
    """
    if (request.content_length or 0) > most:
        raise InvalidDelivery(f"The body is larger than {most} bytes.", status=413)
    body = bytearray()
    async with asyncio.timeout(PATIENCE):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > most:
                raise InvalidDelivery(f"The body is larger than {most} bytes.", status=413)
    return bytes(body)
