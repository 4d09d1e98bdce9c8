"""Keep who approved which change; whoever asked for a change cannot approve it."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import kept, tasks
from bot.store.database import now_ms
from bot.store.governance_tables import approval
from bot.store.tables import task
from bot.store.upsert import insert
from bot.types import Actor

WAITS = "people"
"""What a task says in ``waits_for`` whose change others have to approve."""
_LONGEST_CHAIN = 100  # tasks that go on from one another; a cycle in the table must not hang a step


def list_starters(connection: sa.Connection, task_id: str) -> set[int]:
    """Return the accounts that asked for a task or for a repetition of it.

    An account that approved is not one of them.
    """
    starters = set()
    known: str | None = task_id
    for _ in range(_LONGEST_CHAIN):
        one = None if known is None else tasks.get(connection, known)
        if one is None:
            break
        parent = None if one.parent is None else tasks.get(connection, one.parent)
        if parent is None or parent.data.get("waits_for") != WAITS:
            starters.add(int(one.argument["origin"]["principal"]["actor"]["id"]))
        known = one.parent
    return starters


def give(connection: sa.Connection, task_id: str, digest: str, actor: Actor) -> bool:
    """Store an approval of a change; False from somebody who asked for it."""
    first = kept.root(connection, task_id)
    # Of two who approve at once the second counts both.
    connection.execute(sa.select(task.c.id).where(task.c.id == first).with_for_update())
    if actor.type != "User" or actor.id in list_starters(connection, task_id):
        return False
    row = {"task": first, "digest": digest, "account": actor.id, "login": actor.login, "at": now_ms()}
    connection.execute(insert(connection, approval).values(row).on_conflict_do_nothing())
    return True


def count(connection: sa.Connection, task_id: str, digest: str) -> int:
    """Count the people who approved this very change, without its starters."""
    query = sa.select(approval.c.account).where(
        approval.c.task == kept.root(connection, task_id), approval.c.digest == digest
    )
    return len(set(connection.execute(query).scalars()) - list_starters(connection, task_id))
