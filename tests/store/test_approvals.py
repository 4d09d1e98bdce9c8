"""Who may approve a change, and what an approval is for; on both databases."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.store import approvals, tasks
from bot.store.store import Store
from bot.types import Actor

ANN, BEN, CAT, DAN = (Actor(login=name, id=number) for number, name in enumerate(("ann", "ben", "cat", "dan"), 1))


async def work(store: Store, name: str, by: Actor, parent: str | None = None, waits: str | None = None) -> None:
    """A task that ended, waiting for people or failed."""
    argument = {"repository": {"id": 5}, "origin": {"principal": {"actor": by.model_dump()}}}
    new = tasks.NewTask(
        id=name, flow="fix", source="label", installation=7, repository="octo/basket", actor=by.login,
        argument=argument, number=1, parent=parent,
    )  # fmt: skip
    await store.run(tasks.create, new)
    await store.run(tasks.begin, name)
    state = "failed" if waits is None else "awaiting_approval"
    await store.run(tasks.close, name, state, {"summary": "", "data": {"waits_for": waits}})


async def test_nobody_who_asked_for_a_change_approves_it(store: Store) -> None:
    def approve(connection: sa.Connection, task: str, digest: str, by: Actor) -> tuple[bool, int]:
        return approvals.give(connection, task, digest, by), approvals.count(connection, task, digest)

    await work(store, "first", ANN)
    await work(store, "again", BEN, parent="first", waits=approvals.WAITS)
    assert await store.run(approve, "again", "d", ANN) == (False, 0), "she started it"
    assert await store.run(approve, "again", "d", BEN) == (False, 0), "he had it repeated"
    assert await store.run(approve, "again", "d", Actor(login="forgehand[bot]", id=9, type="Bot")) == (False, 0)
    both = await asyncio.gather(*(store.run(approve, "again", "d", who) for who in (CAT, DAN, CAT)))
    assert all(given for given, _ in both)
    assert max(count for _, count in both) == 2, "of two who approve at once one counts both"
    assert await store.run(approvals.count, "again", "other") == 0, "an approval is for one change"
    await work(store, "goes on", CAT, parent="again")
    assert await store.run(approvals.count, "goes on", "d") == 2, "who approved has not asked for it"
    await work(store, "retried", DAN, parent="goes on")
    assert await store.run(approvals.count, "retried", "d") == 1, "now he has"
