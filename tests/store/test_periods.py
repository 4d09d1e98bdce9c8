"""Days of three zones, and what they add up to: whole, over every change of clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store import usage, usage_sums
from bot.store.ledger import Ledger
from bot.store.limit_uses import list_uses
from bot.store.limits import Limit, LimitScope, count_held, list_spenders
from bot.store.periods import find_bounds, find_day, find_start
from bot.store.store import Store
from bot.store.tables import model_call
from bot.store.usage_spans import Span, forget_between
from bot.store.usage_sums import UsageKey
from tests.store.test_ledger import call, ended
from tests.support.models import new_store

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")]
FIRST, LAST = date(2026, 3, 1), date(2026, 11, 30)  # clocks change twice in each, in Santiago at midnight
CHANGE = date(2026, 10, 25)  # of Berlin's clocks
AROUND = st.integers(*find_bounds(CHANGE - timedelta(days=1), CHANGE + timedelta(days=1), ZONES[0]))
LIMITS = [
    Limit(scope=scope, name=name, period="total", ceiling=9, within=within)
    for scope, name, within in (
        ("instance", "", ""),
        ("organisation", "O", ""),
        ("repository", "o/r", ""),
        ("person", "ada", ""),
        ("person", "bob", "o"),
        ("person", "bob", "other"),
        ("task", "t", ""),
        ("task", "*", ""),
    )
]
EVERYBODY = ("", "ada", "bob")
WHOSE = (EVERYBODY, EVERYBODY, EVERYBODY, ("ada",), ("bob",), (), EVERYBODY, ())
MOMENTS = st.integers(*find_bounds(FIRST, LAST + timedelta(days=2), ZONES[0]))


@given(st.sampled_from(ZONES), MOMENTS)
def test_a_moment_is_in_one_day_and_one_month(zone: ZoneInfo, at: int) -> None:
    day = date.fromisoformat(find_day(at, zone))
    start, end = find_bounds(day, day, zone)
    assert start <= at < end
    assert 23 * 3_600_000 <= end - start <= 25 * 3_600_000
    assert find_start("day", at, zone) == start
    assert find_start("month", at, zone) == find_bounds(day.replace(day=1), day, zone)[0]
    assert find_bounds(day + timedelta(days=1), day, zone)[0] == end
    assert find_start("total", at, zone) == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = new_store(tmp_path_factory.mktemp("periods"))
    yield store
    store.close()


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ZONES), st.lists(st.tuples(MOMENTS, st.integers(0, 5_000_000)), min_size=1, max_size=20))
def test_days_and_months_add_up_to_the_whole(whole: Store, zone: ZoneInfo, paid: list[tuple[int, int]]) -> None:
    rows = [
        {"id": str(number), "task": "t", "step": str(number), "role": "fix", "model": "m", "state": "answered"}
        | {"repository": "o/r", "owner": "o", "reserved": 0, "cost": cost, "input_tokens": 1, "created": at}
        for number, (at, cost) in enumerate(paid)
    ]
    under_way = {"state": "reserved", "cost": None}
    rows += [row | under_way | {"id": f"open-{row['id']}", "reserved": row["cost"]} for row in rows[::2]]
    whole.run_sync(lambda c: c.execute(model_call.delete()) and c.execute(model_call.insert(), rows))
    first, last = FIRST - timedelta(days=2), LAST + timedelta(days=4)
    sums = {
        by: whole.run_sync(lambda c, by=by: usage.sum_usage(c, by, first, last, None, zone))
        for by in ("day", "month", "model", "actor", "task", "owner", "key")
    }
    (whole_sum,) = {usage.add_up(rows_of) for rows_of in sums.values()}
    assert (whole_sum.open, whole_sum.open_micro_dollars) == (len(paid[::2]), sum(cost for _, cost in paid[::2]))
    for by, of_days in (("day", {""}), ("model", {"m"})):
        days = whole.run_sync(lambda c, by=by: usage.sum_days(c, by, first, last, None, zone))
        assert ({key for _, key in days} or of_days, sum(days.values())) == (of_days, whole_sum.micro_dollars)
    for rows_of in sums.values():
        assert sum(row.micro_dollars for row in rows_of) == sum(cost for _, cost in paid)
        assert sum(row.calls for row in rows_of) == len(paid)
    expected: dict[str, int] = {}
    for at, cost in paid:
        day = find_day(at, zone)
        expected[day] = expected.get(day, 0) + cost
    assert {row.key: row.micro_dollars for row in sums["day"]} == expected
    each = {
        day: whole.run_sync(
            lambda c, day=day: usage.sum_usage(c, "model", date.fromisoformat(day), date.fromisoformat(day), None, zone)
        )
        for day in expected
    }
    assert {day: rows_of[0].micro_dollars for day, rows_of in each.items()} == expected


ABOUT: list[tuple[LimitScope, str]] = [
    ("instance", ""),
    ("organisation", "o"),
    ("repository", "o/r"),
    ("person", "ada"),
]
MONTHLY = [Limit(scope=scope, name=name, period="month", ceiling=1) for scope, name in ABOUT]
MONTHLY += [MONTHLY[-1].model_copy(update={"within": "o"})]


@settings(max_examples=10)
@given(
    st.permutations(ZONES),
    st.lists(st.tuples(AROUND, st.sampled_from(("answered", "lost", "refused", "reserved"))), min_size=1, max_size=12),
    AROUND,
    st.sets(st.integers(0, 11), max_size=3),
)
def test_stored_sums_say_what_the_calls_say(
    whole: Store, zones: list[ZoneInfo], calls: list[tuple[int, str]], now: int, ended_late: set[int]
) -> None:
    """Whatever was folded by the days of another zone, and whichever of its calls came back since."""
    rows = [
        {"id": str(number), "task": "t", "step": str(number), "role": f"r{number % 2}", "model": "m", "state": state}
        | {"repository": "o/r", "owner": "o", "reserved": 7 if state in {"lost", "reserved"} else 0, "input_tokens": 1}
        | {"person": ("", "ada", "bob")[number % 3]}
        | {"cost": number + 1 if state == "answered" else None, "created": at, "repository_id": number % 3}
        for number, (at, state) in enumerate(calls)
    ]
    whole.run_sync(lambda c: c.execute(model_call.delete()) and c.execute(model_call.insert(), rows))
    whole.run_sync(forget_between, Span(0, 2**60))

    def report(c: sa.Connection) -> list[object]:
        days = (CHANGE - timedelta(days=3), CHANGE + timedelta(days=3))
        keys: tuple[UsageKey, ...] = ("day", "month", "role")
        sums = [usage.sum_usage(c, by, *days, place, zones[0]) for by in keys for place in (None, (1, "o/r"))]
        spenders = list_spenders(c, min(at for at, _ in calls))
        told = [usage.sum_days(c, by, *days, None, zones[0]) for by in keys]
        kept = usage.sum_days(c, "role", *days, None, zones[0], ["r0"])
        assert kept == {place if place[1] == "r0" else (place[0], "*"): paid for place, paid in told[2].items()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("bot.store.limits.now_ms", lambda: now)
            held = [count_held(c, limit, zone) for limit in MONTHLY for zone in zones]
        return [spenders, held, *sums, *told, list_uses(c, LIMITS, zones[0])]

    plain = whole.run_sync(report)
    held = [sum((row["cost"] or 0) + row["reserved"] for row in rows if row["person"] in who) for who in WHOSE]
    assert [use.held for use in plain[-1]] == held
    assert plain[0] == sorted({("o", row["person"]) for row in rows if row["person"]})
    for zone in zones[:2]:
        for span in whole.run_sync(usage_sums.list_due, zone, now):
            is_open = any(state == "reserved" and span.start <= at < span.ended for at, state in calls)
            assert whole.run_sync(usage_sums.fold, span) is not is_open
        assert whole.run_sync(report) == plain
    for number in ended_late:
        asyncio.run(Ledger(whole).settle(replace(call("s", 0.1), id=str(number)), ended(0.2)))
    told = whole.run_sync(report)
    whole.run_sync(forget_between, Span(0, 2**60))
    assert told == whole.run_sync(report)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_a_limit_begins_anew_with_the_day_of_the_zone(store: Store, zone: str) -> None:
    """What was held a moment before midnight does not count; what is held since does."""
    ledger = Ledger(store, ZoneInfo(zone))
    day = [Limit(scope="instance", name="", period="day", ceiling=1_000_000)]
    late, early = call("late", 1.0), call("early", 1.0)
    assert await ledger.reserve(late, day) is None
    with store.engine.begin() as connection:
        start = find_start("day", connection.execute(model_call.select()).one().created, ZoneInfo(zone))
        connection.execute(model_call.update().values(created=start - 1))
    assert await ledger.reserve(early, day) is None
    assert await ledger.reserve(call("more", 0.1), day) is not None
