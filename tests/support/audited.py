"""Hold GitHub's record of what the App wrote against the journal of writes: one row for each, one write for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from bot.store.database import create_engine
from bot.store.governance_tables import github_write
from simhub import Hub
from simhub.requestlog import RequestRecord


def is_write(one: RequestRecord) -> bool:
    """Whether a request of the App's changes something at GitHub."""
    if one.kind == "git":
        return one.method == "POST" and one.route == "git-receive-pack"
    if one.kind not in {"installation", "app"} or one.method in {"GET", "HEAD"} or "access_tokens" in one.path:
        return False
    return one.path != "/graphql" or str(dict(one.body or {}).get("query")).lstrip().startswith("mutation")  # type: ignore[call-overload]


def check_journal(hub: Hub, bot: str, database: str) -> None:
    """Raise AssertionError unless a server's journal and the hub's record are one.

    A row without a status, or one whose try was never sent, may be without a write: its process was killed, or there
    was no connection.
    """
    rows = _read(database)
    asked = {one.request: one for one in hub.requests if one.request}
    told = [row for row in rows if row["request"]]
    assert len({row["request"] for row in told}) == len(told), "two rows for one write"
    for row in told:
        one = asked.pop(row["request"], None)
        assert one is not None, f"a row of no write: {row}"
        assert (row["method"], row["path"].split(" ")[0], row["status"]) == (one.method, one.path, one.status), row
    missing = _count(one for one in asked.values() if is_write(one) and one.login in {"", bot}) - Counter(
        (row["method"], row["path"].split(" ")[0]) for row in rows if row["status"] is None
    )
    assert not missing, f"writes without a row: {missing}"
    # by number only: a repository may have got another name between the row and the push, and a push that is made again
    # sends nothing
    pushes = sum(_is_push(one, bot) for one in hub.requests)
    begun = [row for row in rows if row["method"] == "PUSH"]
    assert pushes <= len(begun), f"{pushes} pushes with {len(begun)} rows"
    assert pushes or not any(row["status"] == 200 for row in begun), "a row of no push"


def _is_push(one: RequestRecord, bot: str) -> bool:
    return one.kind == "git" and is_write(one) and one.login == bot and one.status == 200


def _count(requests: Iterable[RequestRecord]) -> Counter[tuple[str, str]]:
    return Counter((one.method, one.path) for one in requests)


def _read(database: str) -> list[dict[str, Any]]:
    engine = create_engine(database)
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(github_write)).mappings()]
    finally:
        engine.dispose()
