"""The same fix, asked for in every way there is: one record, whatever the door."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import handled, place, rows
from tests.support.api import asker
from tests.support.runner import Runner
from tests.support.runs import begin, origin
from tests.support.story import LABEL, Story
from tests.support.terminal import at, typed
from tests.support.typing import comment

Door = Callable[[Story, int], Awaitable[object]]


async def by_label(story: Story, number: int) -> object:
    return await story.label(number, LABEL)


async def by_command(story: Story, number: int) -> object:
    return await comment(story, number, "/fix")


async def by_api(story: Story, number: int) -> object:
    answer = await asker(story, story.maintainer).start("fix", number)
    assert answer.status == 202, answer.text
    return answer


async def by_terminal(story: Story, number: int) -> object:
    said = await typed("run", "fix", "--repo", story.repository.full_name, "--issue", str(number), **at(story))
    assert said.code == 0, said.err
    return said


async def by_action(story: Story, number: int) -> object:
    folder = story.root / "runner"
    folder.mkdir()
    job = story.hub.id_tokens.admit(await begin(story, "issues"))
    runner = Runner(folder, "issues", {"issue": {"number": number}}, job, story.repository.full_name)
    end = await runner.run(server_url=origin(story))
    assert end.outputs["verified"] == "true", end.log
    return end


# Whoever builds another door adds it here.
DOORS: dict[str, Door] = {
    "label": by_label,
    "command": by_command,
    "api": by_api,
    "terminal": by_terminal,
    "action": by_action,
}


def plain(value: object, story: Story) -> str:
    """A text without what differs from repository to repository, and from second to second."""
    text = str(value).replace(story.repository.full_name, "REPOSITORY")
    text = re.sub(r"\b[0-9a-f]{40}\b", "SHA", text)
    # alone, the first repository installs what the others find
    text = re.sub(r"Not anew: [^\n\\]+(\\n|\n)+|; installed on [^)]+", "", text)
    # a model is told the repository's name, of other lengths elsewhere
    text = re.sub(r"(\| `(?:thinker|checker)` \| \d+ \|) [\d,]+ \|", r"\1 TOKENS |", text)
    return re.sub(r"\b[0-9a-f]{12}\b", "TASK", re.sub(r"\b(\d+ min )?\d+(\.\d+)? (s|min)\b", "TIME", text))


def closed(story: Story) -> bool:
    query = "select 1 from fh_task where repository = ? and json_extract(posted, '$.closed')"
    return bool(rows(story, query, story.repository.full_name))


async def record(story: Story, number: int) -> dict[str, Any]:
    """All that a fix leaves behind: rows, comments, a pull request."""
    name = story.repository.full_name
    (task,) = rows(
        story,
        "select id, flow, number, actor, parent, state, cancel, concurrency_group is not null, "
        "json_extract(argument, '$.input'), json_extract(argument, '$.subject'), json_extract(result, '$.summary'), "
        "json_extract(result, '$.data.draft'), "
        "(select group_concat(key) from (select key from json_each(posted) order by key)) "
        "from fh_task where repository = ?",
        name,
    )
    events = rows(
        story, "select kind, json_extract(data, '$.stage') from fh_task_event where task = ? order by id", task[0]
    )
    calls = rows(story, "select step, role, model, state from fh_model_call where task = ? order by step", task[0])
    audit = rows(story, "select action, allowed, actor from fh_audit where repository = ? order by id", name)
    (pull,) = await story.pulls()
    return {
        "task": [plain(each, story) for each in task[1:]],
        "events": events,
        "calls": calls,
        # a command is its own decision; all others ask to start the task that it names
        "audit": [(plain(action, story).replace("start ", "/"), *rest) for action, *rest in audit],
        "pull": plain((pull["title"], pull["body"], pull["draft"]), story),
        "comments": {
            part: [plain(each, story) for each in texts] for part, texts in (await story.comments(number)).items()
        },
    }


async def test_every_door_leaves_the_same_record(tell: Tell) -> None:
    story: Story = await tell(GOOD * len(DOORS))
    records = {}
    for name, ask in DOORS.items():
        here = place(story, f"by-{name}")
        number = await here.file(TITLE, BODY, label=None)
        await ask(here, number)
        await here.until_status(number, "Done.")
        await handled(here)
        await here.until(lambda here=here: closed(here), what="its comment is closed")
        assert rows(story, "select source from fh_task where repository = ?", here.repository.full_name) == [(name,)]
        records[name] = await record(here, number)
    expected = records.pop("label")
    assert expected["task"][4] == "done"
    for name, found in records.items():
        for part, value in expected.items():
            assert found[part] == value, f"{part} by {name}"
