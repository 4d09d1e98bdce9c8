"""Turn away who asks for nothing but refusals: by address, before anything is read."""

from __future__ import annotations

import functools
import math
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

from bot.rates import Allowance, RatesPart

_REFUSALS = frozenset({400, 401, 404, 405, 413, 415})  # what somebody without a secret or a token gets
_WORDS = "Too many requests from this address were refused; wait a little."
_PRIVATE = [ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]
Address = IPv4Address | IPv6Address


class Strangers:
    """A watch on addresses: so many refused requests a minute, then 429.

    Whoever knows a secret or has a token is not counted, so GitHub's deliveries and good signals never are. ``proxies``
    are networks whose ``X-Forwarded-For`` is believed, beside this machine's own.
    """

    def __init__(self, rates: RatesPart, a_minute: int, proxies: Sequence[str] = ()) -> None:
        self._a_minute = a_minute
        self._proxies = [ip_network(network) for network in proxies]
        self._rates = rates

    @web.middleware
    async def watch(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Answer 429 where an address was refused too often."""
        name = self._name(request)
        if name is None:
            return await handler(request)
        allowance = Allowance(name, self._a_minute)
        if wait := self._rates.find_wait(allowance):
            return _turn_away(wait)
        try:
            response = await handler(request)
        except web.HTTPException as refused:
            self._count(allowance, refused.status)
            raise
        self._count(allowance, response.status)
        return response

    def _count(self, allowance: Allowance, status: int) -> None:
        if status in _REFUSALS:
            self._rates.take(allowance)

    def _name(self, request: web.Request) -> str | None:
        """Return the address that asks, None where nobody can be named.

        That is this machine, and a proxy in a private network that we were not told of: behind it GitHub's deliveries
        would be refused for what others did. Of IPv6 the network that one customer has: its addresses are for nothing.
        """
        address = _read(request.remote or "")
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        while address is not None and self._forwards(address) and (said := _read(forwarded.pop())) is not None:
            address = said
            if not forwarded:
                break
        if address is None or address.is_loopback:
            return None
        if "".join(forwarded) and any(address in network for network in _PRIVATE):
            return None
        return str(address if address.version == 4 else IPv6Network((address, 64), strict=False))

    def _forwards(self, address: Address) -> bool:
        return address.is_loopback or any(address in network for network in self._proxies)


@functools.lru_cache(maxsize=1024)
def _read(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _turn_away(wait: float) -> web.Response:
    body = {"type": "about:blank", "title": "Too Many Requests", "status": 429, "detail": _WORDS}
    headers = {"Retry-After": str(math.ceil(wait))}
    return web.json_response(body, status=429, headers=headers, content_type="application/problem+json")
