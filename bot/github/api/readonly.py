"""Let nothing be written: GitHub is read as always, and a write is refused before it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from bot.github.api.errors import Locked, Response
from bot.github.api.limiter import RateLimiter
from bot.github.api.transport import Credential, RequestOptions, Transport


class ReadOnly(Transport):
    """A transport beside another one; ``reads`` counts what was sent.

    A write ends as in a locked conversation, so that whoever wanted to answer there goes on without.
    """

    def __init__(self, real: Transport) -> None:
        super().__init__(real.session, real.api_url, clock=real.clock, observe=real.observe)
        self.addresses = real.addresses
        self.reads = 0

    async def send(
        self,
        limiter: RateLimiter,
        credential: Credential,
        options: RequestOptions,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        repository: int | None = None,
    ) -> Response:
        """Send a request that reads; raises :class:`Locked` for another."""
        if method not in {"GET", "HEAD"} and not options.reads:
            raise Locked("Nothing is written here.", status=403)
        self.reads += 1
        return await super().send(limiter, credential, options, method, url, headers, body, repository)
