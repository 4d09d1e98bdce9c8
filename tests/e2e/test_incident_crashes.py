"""An incident outlives the process that looks at it: nothing is lost and nothing done twice."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime

from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, deliver, git, put, rows
from tests.support.story import Story

DAY = 24 * 3600


def job(story: Story, sha: str, number: int) -> bytes:
    """A failed job as GitHub tells of it, by its clock."""
    (installation,) = story.hub.world.installations
    where = {"id": story.repository.id, "name": "sample", "owner": {"login": "octo"}, "default_branch": "main"}
    ended = {
        "id": 7_000 + number,
        "run_id": 7,
        "name": "test",
        "workflow_name": "CI",
        "head_branch": "main",
        "head_sha": sha,
        "conclusion": "failure",
        "completed_at": datetime.fromtimestamp(time.time() + story.hub.clock_offset, UTC).isoformat(),
    }
    payload = {"action": "completed", "workflow_job": ended, "repository": where, "installation": {"id": installation}}
    return json.dumps(payload).encode()


async def test_killed_at_any_moment_it_makes_one_issue(tell: Tell) -> None:
    story = await tell([])
    await put(story, POLICY, "incidents: { enabled: true }\nreview: { on: [] }\n")
    sha = git(story, "rev-parse", "main")
    guids = [str(uuid.uuid4()) for _ in range(4)]
    for number, guid in enumerate(guids):
        assert await deliver(story, "workflow_job", job(story, sha, number), guid) == 202
        await story.kill_bot()
        await story.start_bot()

    def counted() -> bool:
        found = rows(story, "select count from fh_incident")
        open_ = rows(story, "select 1 from fh_delivery where done is null")
        return found == [(len(guids),)] and not open_

    await story.until(counted, what="all news is counted")
    for number, guid in enumerate(guids):
        await deliver(story, "workflow_job", job(story, sha, number), guid)
    await story.until(lambda: rows(story, "select number from fh_incident") != [(None,)], what="its issue")
    titles = [one.title for one in story.repository.issues.values()]
    assert titles == ["Incident: CI / test failed on main"]
    assert rows(story, "select count, count(*) from fh_incident") == [(len(guids), 1)]


async def test_a_clock_that_is_days_ahead_makes_no_news_old(tell: Tell) -> None:
    story = await tell([])
    await put(story, POLICY, "incidents: { enabled: true }\nreview: { on: [] }\n")
    story.hub.advance(-3 * DAY)
    sha = git(story, "rev-parse", "main")
    assert await deliver(story, "workflow_job", job(story, sha, 1), str(uuid.uuid4())) == 202
    await story.until(lambda: rows(story, "select 1 from fh_incident where number is not null"), what="its issue")
    ((fresh, first, opened),) = rows(story, "select json_extract(data, '$.fresh'), first, opened from fh_incident")
    assert (fresh, abs(opened - first) < DAY * 1000) == (1, True)
