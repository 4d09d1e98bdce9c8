"""Pages, sums, tokens and idempotency keys, on either database."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any, get_args

from bot.store import audit, deliveries, pages, requests, tasks, tokens, usage, usage_sums
from bot.store.deliveries import Delivery, DeliveryEnd
from bot.store.pages import Place, TaskFilter
from bot.store.periods import find_bounds
from bot.store.store import Store
from bot.store.tables import model_call
from bot.store.tasks import NewTask
from bot.store.tokens import NewToken, TokenRepository
from bot.store.usage import UsageRow
from bot.store.usage_sums import UsageKey
from bot.types import Actor

OCTO = ((7, "octo/sample"),)


def new_task(name: str, repository: int = 7, number: int = 1) -> NewTask:
    argument = {"repository": {"id": repository}}
    place = {"installation": 1, "repository": "octo/sample", "number": number}
    return NewTask(id=name, flow="fix", source="api", actor="mara", argument=argument, **place)


def test_tasks_are_paged_by_time_and_id(store: Store) -> None:
    names = [f"{each:012x}" for each in range(5)]
    for name in names:
        store.run_sync(lambda connection, name=name: tasks.create(connection, new_task(name)))
    store.run_sync(lambda connection: tasks.create(connection, new_task("f" * 12, repository=8)))
    seen: list[str] = []
    after = None
    for _ in range(3):
        found = store.run_sync(lambda c, after=after: pages.list_tasks(c, TaskFilter(OCTO), after, 2))
        seen += [each.id for each in found]
        after = Place(found[-1].created, found[-1].id)
    assert seen == names[::-1]
    assert store.run_sync(lambda c: pages.list_tasks(c, TaskFilter(()), None, 9)) == []
    assert len(store.run_sync(lambda c: pages.list_tasks(c, TaskFilter(), None, 9))) == 6
    narrow = TaskFilter(OCTO, number=1, flow="fix", state="queued", actor="mara")
    assert len(store.run_sync(lambda c: pages.list_tasks(c, narrow, None, 9))) == 5


def test_stages_and_money_of_several_tasks(store: Store) -> None:
    for name in ("a", "b"):
        store.run_sync(lambda connection, name=name: tasks.create(connection, new_task(name)))
        for stage in ("read", name):
            store.run_sync(lambda c, name=name, stage=stage: tasks.add_event(c, name, "stage", {"stage": stage}))
        pay(store, name, 0.5)
    assert store.run_sync(lambda c: pages.find_stages(c, ["a", "b", "c"])) == {"a": "a", "b": "b"}
    assert store.run_sync(lambda c: pages.sum_spending(c, ["a", "b", "c"]))["a"] == (500_000, 1)


def pay(store: Store, task: str, dollars: float | None, day: str = "2026-01-02", repository: int = 7) -> None:
    state = "refused" if dollars is None else "answered"
    row: dict[str, Any] = {"id": task, "task": task, "step": "s", "role": "fix", "model": "m", "state": state}
    cost = None if dollars is None else round(dollars * 1_000_000)
    row |= {"repository": "octo/sample", "owner": "octo", "reserved": 0, "cost": cost, "input_tokens": 5}
    row |= {"flow": "fix", "repository_id": repository}
    row |= {"created": find_bounds(date.fromisoformat(day), date.fromisoformat(day), UTC)[0]}
    store.run_sync(lambda connection: connection.execute(model_call.insert().values(row)))


def test_usage_by_every_key(store: Store) -> None:
    first, third, last = date(2026, 1, 1), date(2026, 1, 3), date(2026, 1, 9)
    pay(store, "a", 0.5)
    pay(store, "b", 0.25, "2026-01-03", repository=8)
    pay(store, "c", None, "2026-01-03", repository=8)
    called: dict[str, list[UsageRow]] = {}
    for by in get_args(UsageKey):
        rows = called[by] = store.run_sync(lambda c, by=by: usage.sum_usage(c, by, first, last, None, UTC))
        assert [sum(sums) for sums in zip(*(row[1:] for row in rows), strict=True)] == [
            750_000,
            2,
            10,
            0,
            0,
            0,
            0,
            0,
            1,
            0,
            0,
        ]
    for span in store.run_sync(usage_sums.list_due, UTC, find_bounds(last, last, UTC)[0]):
        assert store.run_sync(usage_sums.fold, span)
    for by in get_args(UsageKey):
        assert store.run_sync(lambda c, by=by: usage.sum_usage(c, by, first, last, None, UTC)) == called[by]
    (row,) = store.run_sync(lambda c: usage.sum_usage(c, "task", first, last, OCTO[0], UTC))
    assert row == UsageRow("fix", 500_000, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0)
    (row,) = store.run_sync(lambda c: usage.sum_usage(c, "day", third, third, None, UTC))
    assert (row.key, row.micro_dollars) == ("2026-01-03", 250_000)


def test_deliveries_and_decisions_newest_first(store: Store) -> None:
    arrived = [Delivery(f"g{each}", "issues", b"{}") for each in range(3)]
    store.run_sync(lambda connection: deliveries.put(connection, arrived, "forgehand"))
    ends = [DeliveryEnd("g0", None), DeliveryEnd("g1", "bad")]
    store.run_sync(lambda connection: deliveries.end(connection, ends))
    for state, names in (("done", ["g0"]), ("failed", ["g1"]), ("open", ["g2"]), (None, ["g2", "g1", "g0"])):
        found = store.run_sync(lambda c, state=state: pages.list_deliveries(c, state, None, 9))
        assert [row.guid for row in found] == names
    for action in ("one", "two"):
        store.run_sync(lambda c, action=action: audit.record(c, action, allowed=action == "one", reason="r", actor="a"))
    wanted: dict[str, Any] = {"repository": None, "actor": "a", "allowed": None, "after": None, "limit": 9}
    wanted |= {"task": None, "since": 0}
    both = store.run_sync(lambda c: pages.list_audit(c, **wanted))
    assert [row.action for row in both] == ["two", "one"]
    behind = store.run_sync(lambda c: pages.list_audit(c, **(wanted | {"after": both[0].id})))
    assert [row.action for row in behind] == ["one"]
    (allowed,) = store.run_sync(lambda c: pages.list_audit(c, **(wanted | {"allowed": True})))
    assert allowed.action == "one"


def test_a_token_is_found_by_its_hash_until_it_is_revoked(store: Store) -> None:
    bound = (TokenRepository(id=7, full_name="octo/sample"),)
    account = Actor(login="mara", id=1)
    new = NewToken(
        hash="h", prefix="fhp_1", name="ci", account=account, scopes=("run",), repositories=bound, expires=2**50
    )
    token = store.run_sync(lambda connection: tokens.add(connection, new))
    assert store.run_sync(lambda connection: tokens.find(connection, "x")) is None
    found = store.run_sync(lambda connection: tokens.find(connection, "h"))
    assert found is not None
    assert (found.scopes, found.repositories, found.live, found.is_used) == (("run",), bound, True, False)
    store.run_sync(tokens.note_use, found.id)
    (used,) = store.run_sync(tokens.list_all)
    assert used.is_used
    assert store.run_sync(lambda connection: tokens.is_live(connection, token.id))
    assert store.run_sync(lambda connection: tokens.revoke(connection, token.id))
    assert not store.run_sync(lambda connection: tokens.is_live(connection, token.id))
    store.run_sync(
        lambda connection: tokens.add(connection, new.model_copy(update={"hash": "i", "repositories": None}))
    )
    assert store.run_sync(tokens.list_all)[-1].repositories is None


def test_a_key_belongs_to_a_token_and_keeps_its_first_use(store: Store) -> None:
    first = store.run_sync(lambda connection: requests.claim(connection, "t", "k", "digest"))
    assert first == ("digest", None)
    store.run_sync(lambda connection: requests.settle(connection, "t", "k", "task-1"))
    store.run_sync(lambda connection: requests.settle(connection, "t", "k", "task-2"))
    assert store.run_sync(lambda connection: requests.claim(connection, "t", "k", "other")) == ("digest", "task-1")
    assert store.run_sync(lambda connection: requests.claim(connection, "u", "k", "other")) == ("other", None)
