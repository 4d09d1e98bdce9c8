"""What became of our pull requests: judged by the commit at its head, not by how many there are."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.intake.router import Event
from bot.store import tasks
from bot.store.tables import outcome
from handlers.outcomes import closed
from tests.report.test_reporter import Desk, desk

__all__ = ["desk"]
PUBLISHED, AMENDED = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("head", "commits", "merged", "kind"),
    [
        (PUBLISHED, 1, True, "merged"),
        (AMENDED, 1, True, "edited"),
        (AMENDED, 2, True, "edited"),
        (PUBLISHED, 1, False, "closed"),
    ],
)
async def test_edited_means_another_head_than_the_published_one(
    desk: Desk,
    head: str,
    commits: int,
    merged: bool,
    kind: str,
) -> None:
    desk.add("abc123")
    store = desk.services.store
    result = {"state": "done", "summary": "Opened #2", "data": {"head_sha": PUBLISHED}}
    store.run_sync(lambda connection: tasks.close(connection, "abc123", "done", result))
    pull = {"number": 2, "merged": merged, "commits": commits, "user": {"id": desk.app.bot_id}}
    pull["head"] = {"ref": "forgehand/fix-1-abc123", "sha": head}
    await closed(Event("g", "pull_request", "closed", {"pull_request": pull}), desk.services)
    assert store.run_sync(lambda connection: connection.execute(sa.select(outcome.c.kind)).scalars().all()) == [kind]
