"""A run of GitHub Actions and a server that is killed: what was used stays used, what was begun goes on."""

from __future__ import annotations

from tests.doors.api.test_runs import claim_of, show
from tests.e2e.conftest import Tell
from tests.e2e.test_who_may import SILENT
from tests.support.runs import step


async def test_a_token_stays_used_when_the_server_is_killed(tell: Tell) -> None:
    story = await tell([SILENT])
    number = await story.file("Cents are lost", "B", label=None)
    program = await step(story, "issues")
    token = await program.fetch()
    started = await show(story, token, number)
    assert started.status == 202, started.text
    await story.kill_bot()
    await story.start_bot()
    replayed = await show(story, token, number)
    assert (replayed.status, claim_of(replayed)) == (401, "token.jti")
    again = await program.start("fix", number, "k")
    assert (again.status, again.data["id"]) == (200, started.data["id"])
    await story.until_status(number, "Failed.")
    assert (await program.get(f"{started.data['url']}/result")).data["state"] == "failed"
    assert token not in story.log
