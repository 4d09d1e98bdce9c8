"""The API beside a simulated GitHub, for judges from outside such as Schemathesis.

``python -m tests.support.api_server`` prints one line of JSON, the document's address and a token for each role, and
serves until it is interrupted. Tasks end within a second, as if an engine ran them, so that streams end too.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import sqlalchemy as sa
import structlog

from bot.store import artifacts, tasks
from bot.store.store import Store
from bot.work.artifacts import make
from tests.doors.test_commands import pull
from tests.e2e.conftest import SAMPLE
from tests.support.api import asker, opened
from tests.support.story import Story
from tests.support.within import within


@asynccontextmanager
async def served(root: Path) -> AsyncIterator[dict[str, str]]:
    """The address of the document (``document``) and a token for each role, while the API is served."""
    async with within(root, SAMPLE, api_requests_a_minute=10**9) as story:
        told = await prepare(story)
        with opened(story) as store:
            ending = asyncio.create_task(keep_ending(store))
            try:
                yield {"document": f"http://127.0.0.1:{story.port}/api/v1/openapi.json", **told}
            finally:
                ending.cancel()
                with suppress(asyncio.CancelledError):
                    await ending


async def prepare(story: Story) -> dict[str, str]:
    """An issue, a pull request, a task, and people of every kind in a private repository."""
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    await pull(story)
    reader = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    stranger = story.hub.create_user("zed")
    story.repository.private = True
    story.script.on({"text": "ready"}, text="Answer with the word", reusable=True)
    await asker(story, story.maintainer).start("ask", number, text="Why?")
    askers = {
        "reader": asker(story, reader, "read"),
        "writer": asker(story, story.maintainer, "read", "run"),
        "stranger": asker(story, stranger, "read", "run"),
        "admin": asker(story, story.maintainer, "read", "run", "admin"),
    }
    return {name: str(each.token) for name, each in askers.items()}


async def keep_ending(store: Store) -> None:
    """End what is queued, again and again."""
    while True:
        await store.run(end_all)
        await asyncio.sleep(0.3)


def end_all(connection: sa.Connection) -> None:
    """End what is queued, half of it badly; a patch is left."""
    for task in tasks.list_runnable(connection):
        state = "failed" if int(task.id[-1], 16) % 2 else "done"
        patch = make("change.patch", "patch", "--- a/a.py\n+++ b/a.py\n", ())
        artifacts.put(connection, task.id, patch.row, patch.text)
        data = {"form": "patch", "report": "# Ended"}
        tasks.close(connection, task.id, state, {"state": state, "summary": "Ended.", "data": data})


def be_quiet() -> None:
    """Log warnings only: a line for each of thousands of requests would hide what is said."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


async def main() -> None:
    """Serve until interrupted."""
    be_quiet()
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder)) as told:
            print(json.dumps(told), flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
