"""Answer a task's questions one at a time, wherever that is done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.store import requests, tasks
from bot.work.services import Services

_QUESTIONS = "questions"  # the name that their answers are held by, beside those of tokens
_HELD_MS = 300_000  # a write waits two minutes for GitHub's limits
_AT_ONCE = "Somebody else is answering this at the same moment; see in a minute what came of it."


@asynccontextmanager
async def hold_questions(services: Services, task_id: str, key: str) -> AsyncIterator[str]:
    """Answer a task's questions alone, while it waits for an answer.

    Yields why that cannot be, "" where it can. ``key`` is the answer's own: who comes back with it holds them still.
    """
    if not await services.store.run(requests.hold, _QUESTIONS, task_id, key, _HELD_MS):
        yield _AT_ONCE
        return
    try:
        task = await services.store.run(tasks.get, task_id)
        if task is not None and task.state == "awaiting_answer":
            yield ""
        else:
            state = "gone" if task is None else f"{task.state}. {task.summary}"
            yield f"Only a task that has asked something can be answered; this one is {state}".rstrip()
    finally:
        await services.store.run(requests.release, _QUESTIONS, task_id, key)
