"""The records of tasks, on both databases."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa

from bot.store import tasks
from bot.store.starts import StepStart, end_step, start_step
from bot.store.store import Store
from bot.store.tables import attempt
from bot.store.tasks import Creation, NewTask
from tests.support.patience import PATIENCE

FIELDS: dict[str, Any] = {
    "flow": "fix",
    "source": "label",
    "installation": 7,
    "repository": "octo/durations",
    "number": 12,
    "actor": "maria",
    "argument": {"repository": {"id": 3_000_000_041}, "title": "1h30m loses its minutes", "labels": ["ai-bug-fix"]},
}


def new(task_id: str, **fields: Any) -> NewTask:
    return NewTask(id=task_id, **(FIELDS | fields))


def test_a_task_is_created_once_and_its_active_key_has_one_holder(store: Store) -> None:
    def create(connection: sa.Connection, task: NewTask) -> Creation:
        return tasks.create(connection, task)

    first = new("t1", active_key="fix 12", group="99@main")
    assert store.run_sync(lambda c: create(c, first)) == (True, "t1")
    assert store.run_sync(lambda c: create(c, first)) == (False, "t1")
    assert store.run_sync(lambda c: create(c, new("t2", active_key="fix 12"))) == (False, "t1")
    assert store.run_sync(lambda c: create(c, new("t3"))) == (True, "t3")
    assert store.run_sync(lambda c: tasks.close(c, "t1", "done", {"summary": "Fixed."}))
    assert store.run_sync(lambda c: create(c, new("t2", active_key="fix 12"))) == (True, "t2")
    row = store.run_sync(lambda c: tasks.get(c, "t1"))
    assert row is not None
    assert (row.argument, row.group, row.state, row.posted) == (FIELDS["argument"], "99@main", "done", {})
    assert store.run_sync(lambda c: tasks.get(c, "t9")) is None


def test_two_labels_at_the_same_moment_make_one_task(store: Store) -> None:
    def race(number: int) -> Creation:
        return store.run_sync(lambda c: tasks.create(c, new(f"t{number}", active_key="fix 12")))

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(race, range(8)))
    winner = [end.holder for end in ends if end.created]
    assert len(winner) == 1
    assert {end.holder for end in ends} == set(winner)


def test_a_task_lives_once_and_tells_its_story(store: Store) -> None:
    store.run_sync(lambda c: tasks.create(c, new("t1", active_key="k")))
    assert [store.run_sync(lambda c: tasks.begin(c, "t1")) for _ in range(2)] == [True, True]
    store.run_sync(lambda c: tasks.add_event(c, "t1", "stage", {"stage": "prove"}))
    assert store.run_sync(lambda c: tasks.close(c, "t1", "done", {"summary": "Fixed.", "data": {"pull": 3}}))
    assert not store.run_sync(lambda c: tasks.close(c, "t1", "failed", {"summary": "too late"}))
    assert not store.run_sync(lambda c: tasks.begin(c, "t1"))
    row = store.run_sync(lambda c: tasks.get(c, "t1"))
    assert row is not None
    assert (row.state, row.active_key, row.result) == ("done", None, {"summary": "Fixed.", "data": {"pull": 3}})
    events = store.run_sync(lambda c: tasks.list_events(c, "t1"))
    assert [(event.kind, event.data) for event in events] == [
        ("queued", {"flow": "fix"}),
        ("started", {}),
        ("stage", {"stage": "prove"}),
        ("ended", {"state": "done", "summary": "Fixed."}),
    ]
    assert store.run_sync(lambda c: tasks.list_events(c, "t1", after=events[1].id)) == events[2:]


def test_the_reporter_reads_what_is_new_and_the_pages_what_is_there(store: Store) -> None:
    for number, task_id in enumerate(("t1", "t2", "t3")):
        store.run_sync(lambda c, i=task_id, n=number: tasks.create(c, new(i, number=12 + n // 2)))
    seen = store.run_sync(lambda c: tasks.list_touched(c, 0))
    assert list(seen) == ["t1", "t2", "t3"]
    store.run_sync(lambda c: tasks.begin(c, "t2"))
    assert list(store.run_sync(lambda c: tasks.list_touched(c, max(seen.values())))) == ["t2"]
    store.run_sync(lambda c: tasks.close(c, "t1", "done", {"summary": ""}))

    def ids(read: Any) -> set[str]:
        return {row.id for row in store.run_sync(read)}

    here = FIELDS["argument"]["repository"]["id"]
    assert ids(lambda c: tasks.find(c, here, 12)) == {"t1", "t2"}
    assert ids(lambda c: tasks.find(c, here, 12, active=True)) == {"t2"}
    assert ids(lambda c: tasks.find(c, here, 12, flow="review")) == set()
    assert ids(lambda c: tasks.find(c, here, 14)) == set()
    assert ids(lambda c: tasks.list_runnable(c)) == {"t2", "t3"}


def test_tasks_are_found_whatever_their_repository_was_called(store: Store) -> None:
    here = FIELDS["argument"]["repository"]["id"]
    successor = {"argument": {"repository": {"id": here + 1}}, "number": 12}
    store.run_sync(lambda c: tasks.create(c, new("old")))
    store.run_sync(lambda c: tasks.create(c, new("moved", repository="elsewhere/spans")))
    store.run_sync(lambda c: tasks.create(c, new("other", **successor)))
    assert {row.id for row in store.run_sync(lambda c: tasks.find(c, here, 12))} == {"old", "moved"}
    assert [row.id for row in store.run_sync(lambda c: tasks.find(c, here + 1, 12))] == ["other"]


def test_a_slow_writers_event_is_not_passed_over(store: Store) -> None:
    written = threading.Event()

    def slowly(connection: sa.Connection) -> None:
        tasks.add_event(connection, "slow", "stage", {})
        written.set()
        time.sleep(0.3)

    def quickly(connection: sa.Connection) -> None:
        tasks.add_event(connection, "quick", "stage", {})

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(store.run_sync, slowly)
        written.wait(PATIENCE)
        quick = pool.submit(store.run_sync, quickly)
        seen: list[str] = []
        after = 0
        writing = True
        while writing:
            writing = not (slow.done() and quick.done())
            news = store.run_sync(lambda c, after=after: tasks.list_touched(c, after))
            seen, after = [*seen, *news], max([after, *news.values()])
            time.sleep(0.02)
    assert seen == ["slow", "quick"]


def test_looking_for_news_reads_none_of_what_was_before(store: Store) -> None:
    asked: list[Any] = []
    sa.event.listen(store.engine, "before_execute", lambda _, query, *rest: asked.append(query))
    store.run_sync(tasks.list_touched, 5)
    if store.engine.dialect.name == "sqlite":
        text = str(asked[0].compile(store.engine, compile_kwargs={"literal_binds": True}))
        plan = store.run_sync(lambda c: c.execute(sa.text(f"explain query plan {text}")).all())
        assert "SEARCH fh_task_event USING INTEGER PRIMARY KEY (rowid>?)" in {row[3] for row in plan}


def test_ids_of_what_was_posted_are_merged(store: Store) -> None:
    store.run_sync(lambda c: tasks.create(c, new("t1")))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: store.run_sync(lambda c: tasks.merge_posted(c, "t1", {f"part{n}": n})), range(4)))
    assert store.run_sync(lambda c: tasks.merge_posted(c, "t1", {"part0": 9})) == {
        "part0": 9,
        "part1": 1,
        "part2": 2,
        "part3": 3,
    }


def test_cancel_is_asked_once_and_ends_what_has_not_begun(store: Store) -> None:
    for task_id in ("t1", "t2"):
        store.run_sync(lambda c, i=task_id: tasks.create(c, new(i, active_key=i)))
    store.run_sync(lambda c: tasks.begin(c, "t1"))
    asked = [store.run_sync(lambda c, i=i: tasks.request_cancel(c, i, "maria")) for i in ("t1", "t1", "t2", "t2", "t9")]
    assert asked == [True, False, True, False, False]
    running, queued = (store.run_sync(lambda c, i=i: tasks.get(c, i)) for i in ("t1", "t2"))
    assert running is not None
    assert queued is not None
    assert (running.state, running.cancel, queued.state, queued.active_key) == ("running", "maria", "cancelled", None)
    assert store.run_sync(lambda c: tasks.find_stop(c, "t1")) == "maria cancelled the task"
    assert store.run_sync(lambda c: start_step(c, "t1", "s")) == StepStart(0, "maria cancelled the task")


def test_one_that_waits_is_found_and_ended_once(store: Store) -> None:
    argument = {"repository": {"id": 5}}
    store.run_sync(lambda c: tasks.create(c, new("t1", argument=argument, active_key="k", group="5@fix-12")))
    store.run_sync(lambda c: tasks.create(c, new("t2", argument=argument)))
    data = {"plan": "two steps"}
    store.run_sync(lambda c: tasks.close(c, "t1", "awaiting_approval", {"summary": "A plan.", "data": data}))
    store.run_sync(lambda c: tasks.close(c, "t2", "done", {"summary": "Done."}))
    store.run_sync(lambda c: tasks.merge_posted(c, "t1", {"status": 4, "closed": True}))
    (waiting,) = store.run_sync(lambda c: tasks.find(c, 5, 12, active=True))
    assert (waiting.id, waiting.active_key, waiting.waits) == ("t1", None, True)
    assert store.run_sync(tasks.list_runnable) == []
    assert [one.id for one in store.run_sync(tasks.list_unfinished)] == ["t1"]
    assert store.run_sync(lambda c: tasks.request_cancel(c, "t1", "mara"))
    assert not store.run_sync(lambda c: tasks.end_waiting(c, "t1", "done", "Too late."))
    row = store.run_sync(lambda c: tasks.get(c, "t1"))
    assert row is not None
    assert (row.state, row.summary, row.data) == ("cancelled", "mara cancelled the task while it waited.", data)
    assert row.posted == {"status": 4, "closed": False}, "its comment is told the end anew"
    assert [event.kind for event in store.run_sync(lambda c: tasks.list_events(c, "t1"))] == [
        "queued",
        "ended",
        "ended",
    ]


def test_starts_are_counted_until_they_end_and_forgotten_with_the_task(store: Store) -> None:
    store.run_sync(lambda c: tasks.create(c, new("t1")))
    starts = [store.run_sync(lambda c: start_step(c, "t1", "s")).starts for _ in range(2)]
    store.run_sync(lambda c: end_step(c, "t1", "s", "ModelBusy: wait"))
    starts.append(store.run_sync(lambda c: start_step(c, "t1", "s")).starts)
    starts.append(store.run_sync(lambda c: start_step(c, "t1", "other")).starts)
    assert starts == [1, 2, 2, 1]
    kinds = [(event.kind, event.data) for event in store.run_sync(lambda c: tasks.list_events(c, "t1"))]
    assert kinds[-1] == ("retry", {"step": "s", "error": "ModelBusy: wait"})
    store.run_sync(lambda c: tasks.close(c, "t1", "done", {}))
    assert store.run_sync(lambda c: c.execute(sa.select(sa.func.count()).select_from(attempt)).scalar_one()) == 0
