"""A step that another process has started since buys and writes nothing more."""

from __future__ import annotations

import asyncio
from functools import partial

from bot.store import tasks
from bot.store.ledger import Ledger
from bot.store.starts import RunningStep, StepTakenOver, end_step, running, start_step
from bot.store.store import Store
from bot.store.tasks import NewTask
from bot.store.writes import WriteJournal
from tests.store.test_ledger import TASK, WIDE, call


async def _try_all(store: Store, step: RunningStep) -> list[bool]:
    """Buy an answer and write on GitHub in this step, and say which was let through."""
    let_through = []
    with running(step):
        for act in (
            partial(Ledger(store).reserve, call("s", 1.0), WIDE),
            partial(WriteJournal(store).begin, "POST", "/", 1),
        ):
            try:
                await asyncio.create_task(act())
                let_through.append(True)
            except StepTakenOver:
                let_through.append(False)
    return let_through


async def test_what_another_process_started_since_is_its_own(store: Store) -> None:
    await store.run(tasks.create, NewTask.model_validate(TASK))
    mine = RunningStep("t", "s", (await store.run(start_step, "t", "s")).starts)
    assert await _try_all(store, mine) == [True, True]
    theirs = RunningStep("t", "s", (await store.run(start_step, "t", "s")).starts)
    assert await _try_all(store, mine) == [False, False]
    assert await _try_all(store, theirs) == [True, True]
    await store.run(end_step, "t", "s")
    await store.run(tasks.close, "t", "done", {"summary": "Done."})
    assert await _try_all(store, theirs) == [False, False], "the task has ended"


async def test_what_belongs_to_no_step_of_a_stored_task_is_let_through(store: Store) -> None:
    assert await _try_all(store, RunningStep("of a checkout", "s", 1)) == [True, True]
