"""Outcomes of our pull requests.

They are judged by the commit at the head, not by the number of commits.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.doors.webhook.router import Event
from bot.store import tasks
from bot.store.tables import outcome
from handlers.outcomes.triggers import record_outcome
from tests.dispatch.test_progress import Desk, desk

__all__ = ["desk"]
PUBLISHED, AMENDED, REVISED = "a" * 40, "b" * 40, "c" * 40


@pytest.mark.parametrize(
    ("head", "onto", "commits", "merged", "kind"),
    [
        (PUBLISHED, None, 1, True, "merged"),
        (AMENDED, None, 1, True, "edited"),
        (AMENDED, None, 2, True, "edited"),
        (PUBLISHED, None, 1, False, "closed"),
        (REVISED, PUBLISHED, 2, True, "merged"),
        (REVISED, AMENDED, 3, True, "edited"),
        (AMENDED, PUBLISHED, 3, True, "edited"),
    ],
)
async def test_edited_means_another_head_than_the_published_one(
    desk: Desk,
    head: str,
    onto: str | None,
    commits: int,
    merged: bool,
    kind: str,
) -> None:
    """``onto`` is what a revision of ours was built on."""
    desk.add("abc123")
    desk.number = 2
    desk.add("def456", flow="revise")
    store = desk.services.store
    result = {"state": "done", "summary": "Opened #2", "data": {"head_sha": PUBLISHED}}
    store.run_sync(lambda connection: tasks.close(connection, "abc123", "done", result))
    revised = {"state": "done", "summary": "Pushed", "data": {"sha": REVISED if onto else None, "onto": onto}}
    store.run_sync(lambda connection: tasks.close(connection, "def456", "done", revised))
    pull = {"number": 2, "merged": merged, "commits": commits, "user": {"id": desk.app.bot_id}}
    pull["head"] = {"ref": "forgehand/fix-1-abc123", "sha": head}
    where = {"id": desk.repository.id, "name": "basket", "owner": {"login": "octo"}}
    payload = {"pull_request": pull, "repository": where, "installation": {"id": desk.repository.installation}}
    await record_outcome(Event("g", "pull_request", "closed", payload), desk.services)
    assert store.run_sync(lambda connection: connection.execute(sa.select(outcome.c.kind)).scalars().all()) == [kind]
