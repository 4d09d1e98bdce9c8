"""What became of findings, on both databases."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store import findings
from bot.store.database import create_engine
from bot.store.findings import State, StoredFinding
from bot.store.store import Store
from bot.store.tables import finding, metadata

PULL = ("octo/sample", 7)


def one(name: str, state: State = "open", **fields: Any) -> StoredFinding:
    known = {"repository": PULL[0], "number": PULL[1], "task": "t1", "rule": "model:correctness", "data": {"line": 3}}
    return StoredFinding(fingerprint=name, state=state, **(known | fields))


def states(store: Store) -> dict[str, str]:
    return {row.fingerprint: row.state for row in store.run_sync(lambda c: findings.of_pull(c, *PULL))}


def test_a_finding_is_one_row_and_what_is_disputed_stays_so(store: Store) -> None:
    store.run_sync(lambda c: findings.remember(c, [one("a", comment=11), one("b"), one("a", number=8)]))
    store.run_sync(lambda c: findings.settle(c, *PULL, {"b": ("disputed", "by design")}))
    store.run_sync(lambda c: findings.remember(c, [one("a", task="t2", data={"line": 9}), one("b", task="t2")]))
    first, second = store.run_sync(lambda c: findings.of_pull(c, *PULL))
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
        rows = store.run_sync(lambda c: findings.rejected(c, repository, ["a", "b", "c"]))
        return [row.fingerprint for row in rows]

    assert rejected("octo/sample") == ["a"]
    assert rejected("octo/other") == []


def test_ends_are_counted_per_rule(store: Store) -> None:
    rows = [one(str(n), "fixed" if n % 2 else "ignored", number=n) for n in range(5)]
    rows += [one("s", "fixed", rule="ruff:S608"), one("o"), one("x", "fixed", repository="octo/other")]
    store.run_sync(lambda c: findings.remember(c, rows))
    assert store.run_sync(lambda c: findings.counts(c, "octo/sample")) == {
        "model:correctness": {"fixed": 2, "ignored": 3},
        "ruff:S608": {"fixed": 1},
    }


def test_a_database_of_the_first_revision_is_brought_up(database: str) -> None:
    old = create_engine(database)
    metadata.create_all(old)
    with old.begin() as connection:
        finding.drop(connection)
        connection.execute(sa.text("create table fh_alembic_version (version_num varchar(32) not null primary key)"))
        connection.execute(sa.text("insert into fh_alembic_version values ('0001')"))
        columns = "fingerprint text, repository text, number integer, task text not null, rule text not null"
        rest = "state text not null, data json not null, updated bigint not null"
        key = "primary key (fingerprint, repository, number)"
        connection.execute(sa.text(f"create table fh_finding ({columns}, {rest}, {key})"))
        connection.execute(sa.text("insert into fh_finding values ('a', 'octo/sample', 7, 't', 'r', 'open', '{}', 1)"))
    old.dispose()
    store = Store(create_engine(database))
    store.migrate()
    (row,) = store.run_sync(lambda c: findings.of_pull(c, *PULL))
    assert (row.comment, row.reason, row.actor) == (None, "", None)
    indexes = sa.inspect(store.engine).get_indexes("fh_finding")
    assert [index["name"] for index in indexes] == ["fh_finding_target"]
    store.close()
