"""Limit what models may cost: one record a limit, whatever it is about and whoever set it.

Settings, policies and an organisation's file give theirs with each call; those that an operator sets stand in a table
and hold from the next call on, in every process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Literal, NamedTuple

import sqlalchemy as sa

from bot.money import exactly
from bot.store.database import now_ms
from bot.store.periods import find_start
from bot.store.tables import limit_notice, model_call, passing_limit, spending_limit
from bot.store.upsert import insert
from bot.store.usage_spans import Span, split
from bot.store.usage_sums import EVERYWHERE
from bot.store.usage_tables import usage_sum
from bot.types import JsonModel, Period

LimitScope = Literal["instance", "organisation", "repository", "person", "key", "task"]
Strength = Literal["hard", "soft"]
Giver = Literal["settings", "policy", "organisation", "operator"]
SHARES = (50, 80, 100)  # per cent of a soft limit, each told once
_PAID = sa.func.coalesce(model_call.c.cost, 0)
_COLUMNS = {
    "organisation": model_call.c.owner,
    "repository": model_call.c.repository,
    "person": model_call.c.person,
    "key": model_call.c.key,
    "task": model_call.c.task,
}
_KINDS = {"instance": "", "organisation": "owner", "repository": "repository", "person": "actor", "key": "key"}
_EVER = 2**62  # ms
_MARKS = ("scope", "name", "period", "start", "ceiling")
_SPANS = {"total": "in all", "day": "a day", "month": "a month"}


class Limit(JsonModel):
    """A ceiling in micro-dollars of what one name may cost in a period.

    ``name`` is ``OWNER``, ``OWNER/NAME``, a login, a key's id or a task's, and "" for the instance. A hard limit
    refuses the call that might exceed it, a soft one only tells. ``raised_by`` says in a sentence how it is raised; ""
    where ``given_by`` says enough. ``within`` is the organisation in which a person's calls count, "" for anywhere.
    ``until`` (ms) ends it; what held before holds again then.
    """

    scope: LimitScope
    name: str
    period: Period
    ceiling: int
    strength: Strength = "hard"
    given_by: Giver = "operator"
    raised_by: str = ""
    within: str = ""
    until: int | None = None

    @property
    def subject(self) -> str:
        """Return what the limit is about, as a sentence begins with it."""
        subjects = {"instance": "This server", "task": "This task", "repository": "This repository"}
        place = f" in {self.within}" if self.within else ""
        return subjects.get(self.scope) or f"The {self.scope} {self.name}{place}"

    @property
    def key(self) -> str:
        """Return what the limit is about as operators write it."""
        return f"{self.scope}:{self.name}" if self.name else self.scope

    @property
    def span(self) -> str:
        """Return the period in words."""
        return "" if self.scope == "task" else f" {_SPANS[self.period]}"

    @property
    def command(self) -> str:
        """Return what an operator types before the new amount."""
        return f"forgehand budget set {self.key} {self.period}"


class Notice(NamedTuple):
    """A share (per cent) of a soft limit that was just reached."""

    limit: Limit
    share: int

    def __str__(self) -> str:
        limit = self.limit
        ceiling = exactly(limit.ceiling)
        return f"{limit.subject} has used {self.share} % of the {ceiling}{limit.span} that it is meant to cost."


def set_limit(connection: sa.Connection, limit: Limit, by: str) -> None:
    """Set a limit, in place of one that differs in its ceiling and end only.

    One with an end stands before a lasting one, which stays.
    """
    key = {"scope": limit.scope, "name": limit.name, "period": limit.period, "strength": limit.strength}
    values: dict[str, object] = {"ceiling": limit.ceiling, "changed_by": by, "changed": now_ms()}
    connection.execute(sa.delete(passing_limit).where(_is_same(passing_limit, limit)))
    table = spending_limit if limit.until is None else passing_limit
    if limit.until is not None:
        values["until"] = limit.until
        connection.execute(sa.delete(passing_limit).where(passing_limit.c.until <= now_ms()))
    new = insert(connection, table).values(**key, **values)
    connection.execute(new.on_conflict_do_update(index_elements=list(key), set_=values))


def remove_limit(connection: sa.Connection, limit: Limit) -> bool:
    """Remove a limit, with and without an end; False where there is none."""
    found = [
        connection.execute(sa.delete(table).where(_is_same(table, limit))).rowcount
        for table in (passing_limit, spending_limit)
    ]
    return any(found)


def list_limits(connection: sa.Connection) -> list[Limit]:
    """List the limits that operators have set and that hold now."""
    found = _read(connection, sa.true(), sa.true())
    return sorted(found, key=lambda one: (one.scope, one.name, one.period, one.strength))


def replace_given(given: Sequence[Limit], stored: Sequence[Limit]) -> list[Limit]:
    """Return the limits that hold beside each other.

    A stored one stands in place of the settings' same one, and for a single task of any.
    """
    set_here = {_identity(limit) for limit in stored}
    return [*(limit for limit in given if not (_yields(limit) and _identity(limit) in set_here)), *stored]


def list_spenders(connection: sa.Connection, since: int) -> list[tuple[str, str]]:
    """List whose calls there were since a moment (ms): owner and login."""
    stored, rest = split(connection, Span(since, now_ms() + 1))
    summed = sa.select(usage_sum.c.repository, usage_sum.c.name).distinct()
    summed = summed.where(usage_sum.c.kind == "actor", usage_sum.c.repository_id != EVERYWHERE)
    called = sa.select(model_call.c.repository, model_call.c.person).distinct()
    queries = [
        *(summed.where(usage_sum.c.start >= span.start, usage_sum.c.start < span.ended) for span in stored),
        *(called.where(model_call.c.created >= span.start, model_call.c.created < span.ended) for span in rest),
    ]
    found = {tuple(row) for query in queries for row in connection.execute(query)}
    return sorted({(repository.partition("/")[0], person) for repository, person in found if person})


def find_limits(connection: sa.Connection, names: Mapping[str, str], given: Sequence[Limit]) -> list[Limit]:
    """Return the limits of a call whose ``names`` are keyed by their scopes.

    An operator's stands in place of the settings' same one, and for a single task of any.
    """
    found = _read(connection, *(_is_about(table, names) for table in (spending_limit, passing_limit)))
    return replace_given(given, [limit.model_copy(update={"name": names[limit.scope]}) for limit in found])


def _is_about(table: sa.Table, names: Mapping[str, str]) -> sa.ColumnElement[bool]:
    folded = sa.func.lower(table.c.name)  # GitHub does not mind how a name is written
    return sa.or_(*(sa.and_(table.c.scope == scope, folded == name.lower()) for scope, name in names.items()))


def _is_same(table: sa.Table, limit: Limit) -> sa.ColumnElement[bool]:
    names = ("scope", "name", "period", "strength")
    return sa.and_(*(table.c[name] == getattr(limit, name) for name in names))


def _read(connection: sa.Connection, lasting: sa.ColumnElement[bool], passing: sa.ColumnElement[bool]) -> list[Limit]:
    """Read both tables; a limit with an end hides the same lasting one."""
    names = ("scope", "name", "period", "strength", "ceiling")
    no_end = sa.cast(sa.null(), sa.BigInteger).label("until")
    kept = sa.select(*(spending_limit.c[name] for name in names), no_end).where(lasting)
    columns = (*(passing_limit.c[name] for name in names), passing_limit.c.until)
    short = sa.select(*columns).where(passing, passing_limit.c.until > now_ms())
    found = [Limit.model_validate(row._mapping) for row in connection.execute(sa.union_all(kept, short))]
    passes = {_identity(limit) for limit in found if limit.until is not None}
    return [limit for limit in found if limit.until is not None or _identity(limit) not in passes]


def count_held(connection: sa.Connection, limit: Limit, zone: tzinfo) -> int:
    """Return what counts against a limit in its period of now."""
    return _count(connection, limit, zone)[0]


def _count(connection: sa.Connection, limit: Limit, zone: tzinfo) -> tuple[int, int]:
    """Add up all that counts against a limit, and what of it is paid."""
    where = [_COLUMNS[limit.scope] == limit.name] if limit.scope != "instance" else []
    if limit.within:
        where.append(model_call.c.owner == limit.within)
    old = (0, 0)
    start = find_start(limit.period, now_ms(), zone)
    if limit.period == "day":
        where.append(model_call.c.created >= start)
    elif limit.scope != "task":  # those of a month are many, and those of long ago may be gone
        spans, rest = split(connection, Span(start, _EVER))
        where.append(sa.or_(*(_is_within(model_call.c.created, span) for span in rest)))
        old = _count_stored(connection, limit, spans)
    sums = (sa.func.coalesce(sa.func.sum(column), 0) for column in (_PAID + model_call.c.reserved, _PAID))
    held, paid = connection.execute(sa.select(*sums).where(*where)).one()
    return int(held) + old[0], int(paid) + old[1]


def _count_stored(connection: sa.Connection, limit: Limit, spans: Sequence[Span]) -> tuple[int, int]:
    """Add up what counts against a limit in spans with stored sums."""
    if not spans:
        return 0, 0
    where = [usage_sum.c.kind == _KINDS[limit.scope], sa.or_(*(_is_within(usage_sum.c.start, span) for span in spans))]
    if limit.scope != "instance":
        where.append(usage_sum.c.name == limit.name)
    if limit.within:
        where.append(usage_sum.c.repository.startswith(f"{limit.within}/", autoescape=True))
    else:
        where.append(usage_sum.c.repository_id == EVERYWHERE)
    sums = (sa.func.coalesce(sa.func.sum(usage_sum.c[name]), 0) for name in ("micro_dollars", "lost_micro_dollars"))
    paid, lost = connection.execute(sa.select(*sums).where(*where)).one()
    return int(paid) + int(lost), int(paid)


def _is_within(at: sa.ColumnElement[int], span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(at >= span.start, at < span.ended)


def note_shares(connection: sa.Connection, limits: Sequence[Limit], zone: tzinfo) -> list[Notice]:
    """Note the shares of soft limits that are reached; return the new ones.

    Of several that were passed at once the highest only is returned.
    """
    found = []
    for limit in limits:
        _, paid = _count(connection, limit, zone)
        passed = [share for share in SHARES if paid * 100 >= limit.ceiling * share]
        new = [share for share in passed if _note(connection, limit, share, zone)]
        found += [Notice(limit, new[-1])] if new else []
    return found


def list_shares(connection: sa.Connection, limits: Sequence[Limit], zone: tzinfo) -> list[tuple[int, ...]]:
    """List the shares of each limit reported in its current period.

    A hard one tells none.
    """
    marks = [_mark(limit, zone) for limit in limits]
    names = [limit_notice.c[name] for name in _MARKS]
    started = limit_notice.c.start.in_({mark["start"] for mark in marks})
    told: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for *mark, share in connection.execute(sa.select(*names, limit_notice.c.share).where(started)):
        told[tuple(mark)].append(share)
    return [
        tuple(sorted(told[tuple(mark.values())])) if limit.strength == "soft" else ()
        for limit, mark in zip(limits, marks, strict=True)
    ]


def forget_notices(connection: sa.Connection, before: int) -> int:
    """Delete notices of periods that began before a moment; count them.

    ``before`` is that of a period which is over. A limit in total has one period only, which never is.
    """
    over = limit_notice.c.start.between(1, before - 1)
    return connection.execute(sa.delete(limit_notice).where(over)).rowcount


def _note(connection: sa.Connection, limit: Limit, share: int, zone: tzinfo) -> bool:
    """Note a share; False where it was reported before in this period."""
    new = insert(connection, limit_notice).values(**_mark(limit, zone), share=share, at=now_ms())
    return connection.execute(new.on_conflict_do_nothing().returning(limit_notice.c.share)).first() is not None


def _mark(limit: Limit, zone: tzinfo) -> dict[str, str | int]:
    """Return the key of a limit's notices: a new ceiling is reported anew."""
    start = find_start(limit.period, now_ms(), zone)
    name = f"{limit.within}/{limit.name}" if limit.within else limit.name
    values: tuple[str | int, ...] = (limit.scope, name.lower(), limit.period, start, limit.ceiling)
    return dict(zip(_MARKS, values, strict=True))


def _yields(limit: Limit) -> bool:
    return limit.given_by == "settings" or limit.scope == "task"


def _identity(limit: Limit) -> tuple[str, str, str, str]:
    return limit.scope, limit.name.lower(), limit.period, limit.strength
