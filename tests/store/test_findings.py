"""Outcomes of findings, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import findings, tasks
from bot.store.findings import State, StoredFinding
from bot.store.store import Store
from bot.store.tables import finding
from bot.store.tasks import NewTask
from bot.types import Repository

HERE = Repository(id=3_000_000_041, owner="octo", name="sample", installation=1)
OTHER = Repository(id=42, owner="octo", name="other", installation=1)
PULL = (HERE, 7)


@pytest.fixture(autouse=True)
def posting(store: Store) -> None:
    """The tasks that post the findings: one for each repository, under the name it has then."""
    post(store, "t1", HERE)
    post(store, "t9", OTHER)


def post(store: Store, task_id: str, repository: Repository, number: int = 7) -> None:
    new = NewTask(
        id=task_id,
        flow="review",
        source="event",
        installation=1,
        repository=repository.full_name,
        number=number,
        actor="mara",
        argument={"repository": repository.model_dump()},
    )
    store.run_sync(lambda c: tasks.create(c, new))


def one(name: str, state: State = "open", **fields: Any) -> StoredFinding:
    known = {"task": "t1", "rule": "model:correctness", "data": {"line": 3}}
    return StoredFinding(fingerprint=name, state=state, **(known | fields))


def remember(store: Store, *found: StoredFinding, repository: Repository = HERE, number: int = 7) -> None:
    store.run_sync(lambda c: findings.remember(c, repository, number, found))


def states(store: Store, repository: Repository = HERE, number: int = 7) -> dict[str, str]:
    rows = store.run_sync(lambda c: findings.list_for_pull(c, repository, number))
    return {row.fingerprint: row.state for row in rows}


def test_a_finding_is_one_row_and_what_is_disputed_stays_so(store: Store) -> None:
    remember(store, one("a", comment=11), one("b"))
    remember(store, one("a"), number=8)
    store.run_sync(lambda c: findings.settle(c, *PULL, {"b": ("disputed", "by design")}))
    post(store, "t2", HERE)
    remember(store, one("a", task="t2", data={"line": 9}), one("b", task="t2"))
    first, second = store.run_sync(lambda c: findings.list_for_pull(c, *PULL))
    assert (first.task, first.comment, first.data, first.state) == ("t2", 11, {"line": 9}, "open")
    assert (second.task, second.state, second.reason) == ("t1", "disputed", "by design")


def test_what_was_fixed_and_comes_back_is_open_again(store: Store) -> None:
    remember(store, one("a"), one("b", "folded"))
    store.run_sync(lambda c: findings.settle(c, *PULL, dict.fromkeys("abc", ("fixed", ""))))
    store.run_sync(lambda c: findings.settle(c, *PULL, {"a": ("ignored", "")}))
    assert states(store) == {"a": "fixed", "b": "fixed"}
    remember(store, one("a"))
    assert states(store) == {"a": "open", "b": "fixed"}


def test_a_command_rejects_by_fingerprint_or_comment_whatever_the_state(store: Store) -> None:
    remember(store, one("a", "fixed"), one("b", comment=11))
    remember(store, one("b"), number=8)

    def ignore(key: str | int) -> StoredFinding | None:
        return store.run_sync(lambda c: findings.ignore(c, *PULL, key, "generated code", "mara"))

    assert ignore(12) is None
    assert ignore("c") is None
    done = [ignore(key) for key in ("a", 11)]
    assert [row and (row.fingerprint, row.reason, row.actor) for row in done] == [
        ("a", "generated code", "mara"),
        ("b", "generated code", "mara"),
    ]
    assert states(store) == {"a": "disputed", "b": "disputed"}
    assert states(store, number=8) == {"b": "open"}


def test_a_rejection_by_command_holds_for_the_repository(store: Store) -> None:
    remember(store, one("a"), one("b"))
    remember(store, one("a", task="t9"), repository=OTHER)
    store.run_sync(lambda c: findings.settle(c, *PULL, {"b": ("disputed", "")}))
    store.run_sync(lambda c: findings.ignore(c, *PULL, "a", "", "mara"))

    def rejected(repository: Repository) -> list[str]:
        rows = store.run_sync(lambda c: findings.find_rejected(c, repository, ["a", "b", "c"]))
        return [row.fingerprint for row in rows]

    assert rejected(HERE) == ["a"]
    assert rejected(OTHER) == []


def test_findings_are_a_repositorys_whatever_it_is_called_and_whoever_bears_its_name_next(store: Store) -> None:
    remember(store, one("a", comment=11), one("b"))
    store.run_sync(lambda c: findings.ignore(c, *PULL, "b", "", "mara"))
    renamed = HERE.model_copy(update={"name": "before"})
    heir = OTHER.model_copy(update={"name": "sample"})
    # nothing has told of the rename
    assert states(store, renamed) == {"a": "open", "b": "disputed"}
    assert states(store, heir) == {}
    assert not store.run_sync(lambda c: findings.has_any(c, heir, 7, findings.WATCHED))
    assert store.run_sync(lambda c: findings.find_rejected(c, heir, ["b"])) == []

    # the same code in the same pull request of a copy
    remember(store, one("a", "folded", task="t9"), one("b", task="t9"), repository=heir)
    assert states(store, heir) == {"a": "folded", "b": "open"}
    post(store, "t2", renamed)
    remember(store, one("a", "fixed", task="t2"), repository=renamed)
    # a review that was under way knows the old name still
    remember(store, one("c"))
    (row, *_) = store.run_sync(lambda c: findings.list_for_pull(c, renamed, 7))
    assert (row.state, row.comment) == ("fixed", 11)
    assert states(store, renamed) == {"a": "fixed", "b": "disputed", "c": "open"}

    store.run_sync(lambda c: findings.forget(c, heir))
    assert states(store, heir) == {}
    assert len(states(store, renamed)) == 3


def test_what_earlier_versions_filed_by_name_is_found_by_whose_task_it_was(store: Store) -> None:
    remember(store, one("a", comment=11), one("b"))
    store.run_sync(lambda c: c.execute(sa.update(finding).values(repository=HERE.full_name)))
    renamed = HERE.model_copy(update={"name": "before"})
    heir = OTHER.model_copy(update={"name": "sample"})
    assert states(store, renamed) == {"a": "open", "b": "open"}
    assert states(store, heir) == {}
    post(store, "t2", renamed)
    remember(store, one("a", "fixed", task="t2"), repository=renamed)
    first, second = store.run_sync(lambda c: findings.list_for_pull(c, renamed, 7))
    assert (first.state, first.comment, second.state) == ("fixed", 11, "open")
