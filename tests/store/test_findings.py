"""Outcomes of findings, on both databases."""

from __future__ import annotations

from typing import Any

from bot.store import findings
from bot.store.findings import State, StoredFinding
from bot.store.store import Store

PULL = ("octo/sample", 7)


def one(name: str, state: State = "open", **fields: Any) -> StoredFinding:
    known = {"repository": PULL[0], "number": PULL[1], "task": "t1", "rule": "model:correctness", "data": {"line": 3}}
    return StoredFinding(fingerprint=name, state=state, **(known | fields))


def states(store: Store) -> dict[str, str]:
    return {row.fingerprint: row.state for row in store.run_sync(lambda c: findings.list_for_pull(c, *PULL))}


def test_a_finding_is_one_row_and_what_is_disputed_stays_so(store: Store) -> None:
    store.run_sync(lambda c: findings.remember(c, [one("a", comment=11), one("b"), one("a", number=8)]))
    store.run_sync(lambda c: findings.settle(c, *PULL, {"b": ("disputed", "by design")}))
    store.run_sync(lambda c: findings.remember(c, [one("a", task="t2", data={"line": 9}), one("b", task="t2")]))
    first, second = store.run_sync(lambda c: findings.list_for_pull(c, *PULL))
    assert (first.task, first.comment, first.data, first.state) == ("t2", 11, {"line": 9}, "open")
    assert (second.task, second.state, second.reason) == ("t1", "disputed", "by design")


def test_what_was_fixed_and_comes_back_is_open_again(store: Store) -> None:
    store.run_sync(lambda c: findings.remember(c, [one("a"), one("b", "folded")]))
    store.run_sync(lambda c: findings.settle(c, *PULL, dict.fromkeys("abc", ("fixed", ""))))
    store.run_sync(lambda c: findings.settle(c, *PULL, {"a": ("ignored", "")}))
    assert states(store) == {"a": "fixed", "b": "fixed"}
    store.run_sync(lambda c: findings.remember(c, [one("a")]))
    assert states(store) == {"a": "open", "b": "fixed"}


def test_a_command_rejects_by_fingerprint_or_comment_whatever_the_state(store: Store) -> None:
    store.run_sync(lambda c: findings.remember(c, [one("a", "fixed"), one("b", comment=11), one("b", number=8)]))

    def ignore(key: str | int) -> StoredFinding | None:
        return store.run_sync(lambda c: findings.ignore(c, *PULL, key, "generated code", "mara"))

    assert ignore(12) is None
    assert ignore("c") is None
    done = [ignore(key) for key in ("a", 11)]
    assert [row and (row.fingerprint, row.reason, row.actor, row.number) for row in done] == [
        ("a", "generated code", "mara", 7),
        ("b", "generated code", "mara", 7),
    ]
    assert states(store) == {"a": "disputed", "b": "disputed"}


def test_a_rejection_by_command_holds_for_the_repository(store: Store) -> None:
    store.run_sync(lambda c: findings.remember(c, [one("a"), one("b"), one("a", repository="octo/other")]))
    store.run_sync(lambda c: findings.settle(c, *PULL, {"b": ("disputed", "")}))
    store.run_sync(lambda c: findings.ignore(c, *PULL, "a", "", "mara"))

    def rejected(repository: str) -> list[str]:
        rows = store.run_sync(lambda c: findings.find_rejected(c, repository, ["a", "b", "c"]))
        return [row.fingerprint for row in rows]

    assert rejected("octo/sample") == ["a"]
    assert rejected("octo/other") == []


def test_findings_follow_a_renamed_repository_and_mix_with_no_other(store: Store) -> None:
    store.run_sync(lambda c: findings.remember(c, [one("a"), one("b", repository="octo/new")]))
    for _ in range(2):
        store.run_sync(lambda c: findings.move(c, "octo/sample", "octo/new"))
    assert states(store) == {}
    moved = store.run_sync(lambda c: findings.list_for_pull(c, "octo/new", 7))
    assert [row.fingerprint for row in moved] == ["a"]
    store.run_sync(lambda c: findings.forget(c, "octo/new"))
    assert not store.run_sync(lambda c: findings.has_any(c, "octo/new", 7, findings.WATCHED))
