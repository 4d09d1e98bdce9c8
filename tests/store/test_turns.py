"""The line of queued tasks: repositories take turns, a group's tasks come one by one, no lane waits for another."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import tasks, totals, turns
from bot.store.store import Store
from bot.store.tables import task
from bot.store.tasks import NewTask

QUICK = ["ask"]


def queue(store: Store, *ids: str, flow: str = "review", group: str | None = None) -> None:
    """Queue tasks in order; the first letter of an id names its repository."""

    def store_all(connection: sa.Connection) -> None:
        for task_id in ids:
            new = NewTask(
                id=task_id, flow=flow, source="label", installation=1, actor="mara", argument={},
                repository=f"octo/{task_id[0]}", number=1, group=group,
            )  # fmt: skip
            tasks.create(connection, new)
            assert turns.line_up(connection, task_id)
            assert not turns.line_up(connection, task_id)
            later = sa.func.coalesce(sa.select(sa.func.max(task.c.created)).scalar_subquery(), 0) + 1
            connection.execute(sa.update(task).where(task.c.id == task_id).values(created=later))

    store.run_sync(store_all)


def admit(store: Store, lane: turns.Lane, most: int) -> list[str]:
    return [each.id for each in store.run_sync(turns.admit, lane, QUICK, most)]


def before(store: Store, task_id: str) -> int | None:
    return store.run_sync(turns.count_before, task_id, QUICK)


def oldest(store: Store) -> set[turns.Lane]:
    """The lanes in which a task waits for a worker, by what the autoscaler looks at."""
    return set(store.run_sync(totals.find_oldest_queued, QUICK))


def test_repositories_take_turns(store: Store) -> None:
    queue(store, *(f"a{number}" for number in range(9)))
    assert admit(store, "free", 2) == ["a0", "a1"]
    queue(store, "b0", "b1", "c0")
    assert [before(store, each) for each in ("b0", "c0", "b1", "a2", "a8")] == [0, 1, 2, 3, 9]
    assert admit(store, "free", 4) == ["b0", "c0", "b1", "a2"]
    store.run_sync(tasks.begin, "a0")
    store.run_sync(tasks.close, "a0", "done", {})
    assert admit(store, "free", 1) == ["a3"]
    assert store.run_sync(turns.list_unbegun, ["a0", "a3"]) == {"a3"}
    store.run_sync(tasks.request_cancel, "a4", "mara")
    assert admit(store, "free", 9) == ["a5", "a6", "a7", "a8"]
    assert not store.run_sync(turns.is_anybody_waiting)


def test_tasks_of_a_group_and_of_other_lanes_wait_for_their_like_only(store: Store) -> None:
    queue(store, "a0", "a1", group="1@main")
    queue(store, "a2", group="1@other")
    queue(store, "a3", "a4", flow="ask")
    queue(store, "a5")
    assert admit(store, "grouped", 3) == ["a0", "a2"]
    assert before(store, "a1") is None, "it waits for a0, not for a worker"
    assert admit(store, "grouped", 3) == []
    assert admit(store, "quick", 3) == ["a3", "a4"]
    assert admit(store, "free", 3) == ["a5"]
    assert oldest(store) == {"grouped", "quick", "free"}, "nobody has begun them"
    for begun in ("a0", "a2", "a3", "a4", "a5"):
        store.run_sync(tasks.begin, begun)
    assert oldest(store) == set(), "no worker is lacking"
    store.run_sync(tasks.close, "a0", "done", {})
    assert oldest(store) == {"grouped"}
    assert before(store, "a1") == 0
    assert admit(store, "grouped", 3) == ["a1"]
