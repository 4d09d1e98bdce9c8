"""Which incident a signal belongs to, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

import pytest

from bot.incidents.admission import admit
from bot.signals.records import Signal, SignalKind
from bot.store import incident_lists, incidents
from bot.store.database import create_engine
from bot.store.incidents import AT_ONCE, Incident
from bot.store.store import Store
from tests.incidents.news import HERE, MINUTE, NOW, alert, job

DAY = 24 * 60 * MINUTE


def take(store: Store, *signals: Signal, now: int = NOW) -> list[str]:
    return store.run_sync(partial(admit, repository=HERE, signals=signals, now=now))


def known(store: Store) -> list[Incident]:
    return store.run_sync(lambda c: incidents.list_recent(c, HERE.id, 0))


def events(store: Store, one: Incident) -> list[str]:
    return [event.kind for event in store.run_sync(lambda c: incidents.list_events(c, one.id))]


def close(store: Store, one: Incident, at: int) -> None:
    closed = one.model_copy(update={"state": "closed", "open_key": None, "closed": at})
    store.run_sync(lambda c: incidents.save(c, closed))


def test_what_comes_again_is_no_news(store: Store) -> None:
    pods = [alert(state_key=f"pod {number} {NOW} firing") for number in range(100)]
    assert len(take(store, *pods)) == 1
    assert take(store, *pods) == []
    for pod in pods:
        assert take(store, pod, now=NOW + MINUTE) == []
    (one,) = known(store)
    assert (one.count, one.state, one.title) == (100, "open", "down")
    assert events(store, one) == ["opened"], "repeats are counted, not told one by one"


def test_one_pod_that_is_well_is_no_end_while_another_fires(store: Store) -> None:
    """Alertmanager sends each alert by itself where it is told to group by all labels."""

    def pod(name: str, kind: SignalKind = "alert_firing") -> Signal:
        return alert(kind=kind, state_key=f"{name} {kind}", labels={"alert": name})

    def fires() -> bool:
        (one,) = known(store)
        (trouble,) = store.run_sync(lambda c: incidents.list_troubles(c, one.id))
        return trouble.firing

    for name in ("a", "b", "c"):
        take(store, pod(name))
    take(store, pod("b", "alert_resolved"), pod("never heard of", "alert_resolved"))
    assert fires()
    take(store, pod("a", "alert_resolved"))
    assert fires()
    take(store, pod("c", "alert_resolved"))
    assert not fires()
    assert events(store, known(store)[0]) == ["opened", "resolved"]


def test_news_is_looked_at_at_once_and_then_now_and_then(store: Store) -> None:
    take(store, job())
    (one,) = known(store)
    assert one.due == AT_ONCE
    store.run_sync(lambda c: incidents.save(c, one.model_copy(update={"due": None, "passed": NOW})))
    take(store, job(kind="ci_passed", run=2), now=NOW + 1_000)
    assert known(store)[0].due == NOW + 30_000
    take(store, job(run=3), now=NOW + 40_000)
    assert known(store)[0].due == AT_ONCE, "what is due already is not put off"


def test_a_page_and_its_source_are_one_incident(store: Store) -> None:
    take(store, alert(joins=("shop down",)))
    page = Signal(
        source="pagerduty", kind="alert_firing", state_key="P1 triggered", incident_key="pagerduty P1",
        joins=("alertmanager down",), title="Shop is down", started=NOW,
    )  # fmt: skip
    take(store, page)
    (one,) = known(store)
    assert one.title == "down"
    assert [each.key for each in store.run_sync(lambda c: incidents.list_troubles(c, one.id))] == [
        "alertmanager down",
        "pagerduty P1",
    ]


def test_the_range_between_green_and_red_is_remembered(store: Store) -> None:
    take(store, job(kind="ci_passed", run=1, sha="a" * 40))
    assert known(store) == [], "good news opens nothing"
    take(store, job(run=2, sha="b" * 40))
    take(store, job(run=3, sha="c" * 40))
    (one,) = known(store)
    assert (one.good_sha, one.bad_sha, one.count) == ("a" * 40, "b" * 40, 2)


def test_what_comes_back_within_two_weeks_is_the_same_incident(store: Store) -> None:
    take(store, job())
    (one,) = known(store)
    close(store, one, NOW)
    take(store, job(run=2), now=NOW + 13 * DAY)
    (again,) = known(store)
    assert (again.id, again.state, again.episode) == (one.id, "open", 2)
    assert events(store, one)[-1] == "reopened"
    close(store, again, NOW + 13 * DAY)
    take(store, job(run=3), now=NOW + 28 * DAY)
    assert [each.state for each in known(store)] == ["closed", "open"]


def test_a_storm_is_one_incident_that_lists_what_failed(store: Store) -> None:
    take(store, *(alert(f"alert {number}") for number in range(300)))
    *single, storm = known(store)
    assert len(single) == 5
    assert (storm.kind, storm.state, storm.count) == ("storm", "storm", 295)
    assert len(store.run_sync(lambda c: incidents.list_troubles(c, storm.id))) == 200, "a list has an end"
    take(store, alert("later"), now=NOW + 11 * MINUTE)
    assert [each.title for each in known(store)][-1] == "later"


def test_jobs_that_do_not_begin_are_one_outage(store: Store) -> None:
    setup = {"labels": {"setup": "true"}}
    take(store, job("lint", **setup), job("test", **setup), job("types"))
    assert len(known(store)) == 3
    take(store, job("docs", **setup), now=NOW + MINUTE)
    by_kind = {one.kind: one for one in known(store) if one.open_key}
    assert set(by_kind) == {"ci", "infrastructure"}
    outage = by_kind["infrastructure"]
    assert outage.cause == "infrastructure"
    joined = {each.title for each in store.run_sync(lambda c: incidents.list_troubles(c, outage.id))}
    assert joined == {"lint failed on main", "test failed on main", "docs failed on main"}
    assert by_kind["ci"].title == "types failed on main", "what failed by itself stays apart"
    merged = [one for one in known(store) if "merged" in one.data]
    assert {one.state for one in merged} == {"closed"}


def test_a_strangers_label_makes_no_outage(store: Store) -> None:
    take(store, *(alert(name, labels={"setup": "true"}) for name in "abc"))
    assert {one.kind for one in known(store)} == {"alert"}


def test_old_news_is_not_fresh_and_the_future_is_now(store: Store) -> None:
    take(
        store, alert("old", at=NOW - 25 * 60 * MINUTE), alert("soon", at=NOW + DAY), alert("long", state_key="x" * 900)
    )
    old, soon, _ = known(store)
    assert "fresh" not in old.data
    assert (soon.first, soon.data["fresh"]) == (NOW, True)


@pytest.mark.needs("postgres")
def test_two_processes_make_one_incident(postgres: str) -> None:
    stores = [Store(create_engine(postgres)) for _ in range(2)]
    gate = threading.Barrier(2)

    def send(store: Store, signals: Sequence[Signal]) -> None:
        gate.wait()
        for signal in signals:
            take(store, signal)

    pods = [alert(state_key=f"pod {number}") for number in range(50)]
    threads = [threading.Thread(target=send, args=(store, pods)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (one,) = known(stores[0])
    assert one.count == 50
    for store in stores:
        store.close()


def test_a_clock_that_is_set_back_puts_no_look_off(store: Store) -> None:
    """Whoever was to look may have died since; the next one has only the clock that is right now."""

    def due(now: int) -> list[str]:
        return store.run_sync(partial(incident_lists.list_due, now=now))

    (named,) = take(store, job())
    assert due(NOW - DAY) == [named], "called before the clock was set back"
    (one,) = known(store)
    looked = one.model_copy(update={"passed": NOW, "due": None})
    store.run_sync(lambda c: incidents.save(c, looked))
    assert due(NOW - DAY) == [], "nothing is new"
    store.run_sync(lambda c: incidents.save(c, looked.model_copy(update={"due": NOW + MINUTE})))
    assert due(NOW) == [], "a pause is held"
    assert due(NOW - DAY) == [named], "but by the clock that it was begun by"
