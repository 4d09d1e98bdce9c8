"""A fix that a program asks for: started, followed to its end, read; people see it as they see any other."""

from __future__ import annotations

from tests.doors.api.test_events import follow
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import rows
from tests.support.api import asker
from tests.support.story import Story


async def test_a_program_asks_for_a_fix_and_follows_it_to_the_pull_request(tell: Tell) -> None:
    story: Story = await tell(GOOD)
    program = asker(story, story.maintainer)
    number = await story.file(TITLE, BODY, label=None)
    started = await program.start("fix", number, hint="Look at the rounding")
    assert started.status == 202, started.text
    task = started.data["id"]

    seen = [event async for event in follow(program, task)]
    begun = [each["data"]["stage"] for each in seen if each["kind"] == "stage" and each["data"]["state"] == "started"]
    assert list(dict.fromkeys(begun)) == ["read", "find", "prepare", "prove", "edit", "gate", "judge", "publish"]
    assert (seen[0]["kind"], seen[-1]["kind"], seen[-1]["data"]["state"]) == ("queued", "ended", "done")

    asked = next(each for each in story.script.requests if "First task" in each.text)
    assert "Look at the rounding" in asked.text

    (pull,) = await story.pulls()
    result = (await program.get(f"/api/v1/tasks/{task}/result")).data
    assert (result["pull_request"], result["branch"]) == (pull["html_url"], pull["head"]["ref"])
    assert (result["head_sha"], result["state"]) == (pull["head"]["sha"], "done")
    paid = rows(story, "select count(*), sum(cost) from fh_model_call where task = ?", task)[0]
    assert result["cost"]["model_calls"] == paid[0] > 0
    assert result["cost"]["micro_dollars"] == paid[1]
    usage = (await program.get("/api/v1/usage?repository=octo/sample&by=task")).data["items"]
    assert [(each["key"], each["micro_dollars"]) for each in usage] == [("fix", result["cost"]["micro_dollars"])]

    assert (await story.until_status(number, "Done.")).count("- [x]") == 8
    assert program.token is not None
    assert program.token not in story.log
