"""Tell what counts against many limits at once, from stored sums where there are some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.database import now_ms
from bot.store.limits import Limit, LimitScope
from bot.store.periods import find_start
from bot.store.tables import model_call
from bot.store.usage import UsageRow, add_up, sum_between
from bot.store.usage_spans import Span
from bot.store.usage_sums import UsageKey
from bot.types import Period

_KEYS: Mapping[LimitScope, UsageKey] = {
    "instance": "owner",
    "organisation": "owner",
    "repository": "repository",
    "person": "actor",
    "key": "key",
}
_NO_END = 2**60  # ms; clocks of other processes may be ahead
_EACH = "*"  # the name of a limit that holds for each task by itself


class Use(NamedTuple):
    """A limit and what counts against it: all, and the part that is paid.

    In micro-dollars; the other part is set aside for calls under way, and for those that died with their process.
    """

    limit: Limit
    held: int
    paid: int


class _Sums(NamedTuple):
    """The sums that several limits share."""

    by: UsageKey
    period: Period
    owner: str


def list_uses(connection: sa.Connection, limits: Sequence[Limit], zone: tzinfo) -> list[Use]:
    """Add up what counts against each limit in its period of now."""
    now = now_ms()
    known: dict[_Sums, list[UsageRow]] = {}
    found = []
    for limit in limits:
        if limit.scope == "task":
            found.append(Use(limit, *_sum_task(connection, limit.name)))
            continue
        wanted = _Sums(_KEYS[limit.scope], limit.period, limit.within)
        if wanted not in known:
            whole = Span(find_start(wanted.period, now, zone), _NO_END)
            known[wanted] = sum_between(connection, wanted.by, whole, owner=wanted.owner)
        found.append(_pick(limit, known[wanted]))
    return found


def _pick(limit: Limit, rows: Sequence[UsageRow]) -> Use:
    """Pick the sums of a limit; GitHub does not mind how a name is written."""
    name = limit.name.lower()
    one = add_up(row for row in rows if limit.scope == "instance" or row.key.lower() == name)
    return Use(limit, one.micro_dollars + one.open_micro_dollars + one.lost_micro_dollars, one.micro_dollars)


def _sum_task(connection: sa.Connection, name: str) -> tuple[int, int]:
    if name == _EACH:
        return 0, 0
    paid = sa.func.coalesce(model_call.c.cost, 0)
    sums = (sa.func.coalesce(sa.func.sum(column), 0) for column in (paid + model_call.c.reserved, paid))
    held, settled = connection.execute(sa.select(*sums).where(model_call.c.task == name)).one()
    return int(held), int(settled)
