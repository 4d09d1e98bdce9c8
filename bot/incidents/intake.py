"""Take signals in: each becomes part of one incident, which is then looked at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from bot.incidents.admission import admit
from bot.incidents.passes import start_pass
from bot.incidents.rules import IncidentRules
from bot.signals.records import Signal
from bot.store.database import now_ms
from bot.types import Repository
from bot.work.services import Services

_CHUNK = 100  # signals a transaction: whoever stores a webhook waits for it


async def take(services: Services, repository: Repository, signals: Sequence[Signal]) -> None:
    """Take signals in, if the repository's policy wants incidents.

    A signal that comes again changes nothing, so this may be repeated. An incident is looked at by its own task: at
    once, then at most every half minute.
    """
    policy, _ = await services.policies.load_or_default(repository)
    if policy.rules(IncidentRules).is_on:
        await take_wanted(services, repository, signals, now_ms())


async def take_wanted(services: Services, repository: Repository, signals: Sequence[Signal], now: int) -> None:
    """Take signals in that the policy is known to want.

    ``now`` (ms) is by the clock that told when they started: another one may have been set meanwhile.
    """
    touched: dict[str, None] = {}
    for start in range(0, len(signals), _CHUNK):
        chunk = signals[start : start + _CHUNK]
        found = await services.store.run(partial(admit, repository=repository, signals=chunk, now=now))
        touched |= dict.fromkeys(found)
    for incident in touched:
        await start_pass(services, incident)
