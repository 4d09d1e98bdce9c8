"""Reading incidents over the API: pages, one with its timeline, and who may."""

from __future__ import annotations

from functools import partial

from bot.incidents.admission import admit
from bot.store.database import now_ms
from bot.types import Repository
from tests.incidents.news import alert, job
from tests.support.api import asker, opened
from tests.support.story import Story


async def test_incidents_are_read_by_whoever_reads_the_repository(story: Story) -> None:
    (installation,) = story.hub.world.installations
    here = Repository(id=story.repository.id, owner="octo", name="sample", installation=installation)
    with opened(story) as store:
        store.run_sync(partial(admit, repository=here, signals=[job("test"), job("lint"), alert()], now=now_ms()))
    program = asker(story, story.maintainer)
    first = (await program.get("/api/v1/incidents?repository=octo/sample&limit=2")).data
    rest = (await program.get(f"/api/v1/incidents?repository=octo/sample&limit=2&cursor={first['next']}")).data
    found = {one["title"]: one for one in [*first["items"], *rest["items"]]}
    assert set(found) == {"test failed on main", "lint failed on main", "down"}
    one = (await program.get(f"/api/v1/incidents/{found['down']['id']}")).data
    assert (one["state"], one["service"], one["count"], one["number"]) == ("open", "shop", 1, None)
    assert [entry["kind"] for entry in one["timeline"]] == ["opened"]
    assert (await program.get("/api/v1/incidents?repository=octo/sample&state=closed")).data["items"] == []
    assert (await program.get("/api/v1/incidents")).status == 403
    assert (await program.get("/api/v1/incidents/000000000000")).status == 404
