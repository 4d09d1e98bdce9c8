"""Tell which refusals pass by themselves, and when (no I/O, no clock)."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

from bot.github.api.errors import UNSAID, GitHubDown, RateLimited, Response, TooMuch, graphql_failure

BROKEN_WAITS = (1.0, 2.0, 4.0)
"""Seconds between tries after 5xx answers and network failures."""

_SECONDARY = re.compile(r"secondary rate limit|abuse|submitted too quickly|rate limit (?:already )?exceeded", re.I)


def is_passing(response: Response) -> bool:
    """Tell whether a 200 of GraphQL's means a limit, or that it broke off.

    https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#exceeding-the-rate-limit
    """
    errors = response.graphql_errors
    error = graphql_failure(errors) if errors else None
    return isinstance(error, RateLimited | GitHubDown) and not isinstance(error, TooMuch)


def limited_for(response: Response, now: float, attempt: int) -> float | None:
    """Seconds a rate limit lasts, None where the answer is no rate limit.

    Both limits come as 403 or 429, with Retry-After, with a reset time, or with nothing at all; abuse also as 422, and
    from GraphQL each also as 200.
    """
    if not _is_limit(response):
        return None
    after = response.headers.get("retry-after", "")
    if after.isdigit():
        return max(1.0, float(after))
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(1.0, float(reset) - now + 1.0)
    return UNSAID * float(2 ** (attempt - 1))


def _is_limit(response: Response) -> bool:
    if response.status == 429:
        return True
    if response.status == 200:
        return isinstance(graphql_failure(response.graphql_errors), RateLimited)
    if response.status == 422:
        return any(_SECONDARY.search(reason) for reason in response.errors)
    if response.status != 403:
        return False
    headers = response.headers
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    return exhausted or "retry-after" in headers or bool(_SECONDARY.search(response.message))


def server_time(response: Response) -> float | None:
    """Return the server's clock in whole seconds since the epoch."""
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return None
