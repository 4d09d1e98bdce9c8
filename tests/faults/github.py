"""GitHub's own faults: its limits in all their shapes, answers that break, come late, in pieces or after the effect."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable

from simhub import Fault, Hub
from simhub.webhooks import Disorder

_EVERY_SECONDS = 2.0
_MOST_PENDING = 2  # or all that is asked after a quiet time would fail
_SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def _used_up(status: int) -> Fault:
    reset = str(int(time.time()) + 2)
    headers = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    return Fault(status=status, headers=headers, body={"message": "API rate limit exceeded for installation ID 1."})


_FAULTS: dict[str, Callable[[], Fault]] = {
    "502 after a post": lambda: Fault(method="POST", status=502, after=True),
    "502 after a patch": lambda: Fault(method="PATCH", status=502, after=True),
    "500": lambda: Fault(method="GET", status=500),
    "503": lambda: Fault(method="POST", status=503),
    "connection reset": lambda: Fault(method="GET", reset=True),
    "connection reset after a post": lambda: Fault(method="POST", reset=True),
    "half a body": lambda: Fault(method="GET", malformed=True),
    "half a body after a post": lambda: Fault(method="POST", malformed=True),
    "slow": lambda: Fault(method="GET", delay=1.0),
    "slow body": lambda: Fault(slow=2.0),
    "429, retry after": lambda: Fault(status=429, headers={"Retry-After": "1"}),
    "403, retry after": lambda: Fault(status=403, headers={"Retry-After": "1"}, body={"message": _SECONDARY}),
    "403, used up": lambda: _used_up(403),
    "429, used up": lambda: _used_up(429),
    "422, abuse": lambda: Fault(
        method="POST",
        status=422,
        headers={"Retry-After": "1"},
        body={"message": "Validation Failed", "errors": [{"resource": "Issue", "code": "abuse", "field": "base"}]},
    ),
}
_LAGS = (0.0, 0.0, 0.5, 2.0)  # seconds before a fresh token is known
_LAG_STATUSES = (401, 403)  # nobody is refused sight of a public repository


async def trouble(hub: Hub, chance: random.Random, struck: Counter[str]) -> None:
    """Have GitHub fail now and then, until cancelled; count what was really struck."""
    hub.webhooks.disorder = Disorder(delay=chance.uniform(0, 1), copies=2, shuffle=True)
    hub.limits.lift()
    hub.token_lag, hub.token_lag_status = chance.choice(_LAGS), chance.choice(_LAG_STATUSES)
    pending: list[tuple[str, Fault]] = []
    while True:
        if len(pending) < _MOST_PENDING:
            name = chance.choice(list(_FAULTS))
            fault = hub.faults.add(_FAULTS[name]())
            fault.spares_people = True
            pending.append((name, fault))
        await asyncio.sleep(_EVERY_SECONDS)
        struck.update(f"GitHub: {each}" for each, fault in pending if fault.times == 0)
        pending = [(each, fault) for each, fault in pending if fault.times]
        hub.faults.pending[:] = [fault for fault in hub.faults.pending if fault.times]
