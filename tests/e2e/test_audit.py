"""GitHub's own record of what the App wrote and the audit's, side by side: one row each, also after a kill."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import Any

from click.testing import CliRunner

from bot.cli import main
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import handled
from tests.e2e.test_crashes import kill_after, restarted
from tests.support.audited import is_write
from tests.support.story import Story
from tests.support.typing import answered, comment


def exported(story: Story, *options: str) -> list[dict[str, Any]]:
    settings: dict[str, str | None] = {name: None for name in os.environ if name.startswith("FORGEHAND_")}
    settings["FORGEHAND_DATA_DIR"] = str(story.root / "data")
    done = CliRunner().invoke(main, ["audit", *options], env=settings)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.output.splitlines()]


async def test_every_write_on_github_has_one_row_and_every_row_one_write(tell: Tell) -> None:
    story: Story = await tell(GOOD)
    number = await story.file(TITLE, BODY)
    kill_after(story, lambda one: one.method == "POST" and one.path == "/repos/octo/sample/pulls")
    await restarted(story)
    await story.until_status(number, "Done.")
    await answered(story, await comment(story, number, "/help fix"))
    await handled(story)
    assert len(await story.pulls()) == 1

    sent = [one for one in story.hub.requests if is_write(one)]
    rows = [row for row in exported(story) if row["kind"] == "write"]
    pushes = [row for row in rows if row["method"] == "PUSH"]
    known = {row["request"]: row for row in rows if row["request"]}
    unseen = [row for row in rows if row["status"] is None]
    joined = [one for one in sent if one.request in known]
    for one in joined:
        row = known[one.request]
        assert (row["method"], row["path"].split(" ")[0], row["status"]) == (one.method, one.path, one.status)
    left = Counter((one.method, one.path) for one in sent if one not in joined and one.kind != "git")
    assert left == Counter((row["method"], row["path"]) for row in unseen) == {("POST", "/repos/octo/sample/pulls"): 1}
    assert [row for one, row in known.items() if one not in {each.request for each in joined}] == []
    assert len(pushes) == len([one for one in sent if one.kind == "git"]) == 1
    assert pushes[0]["path"].startswith("/octo/sample.git refs/heads/forgehand/fix-1-")
    assert len(rows) == len(sent)

    (task,) = {row["task"] for row in rows} - {None}
    nobodys = [row["path"] for row in rows if row["task"] is None and row["delivery"] is None]
    assert all(path.startswith("/app/hook/") for path in nobodys), "all others say what they were for"
    assert {row["actor"] for row in rows if row["task"]} == {"mara"}
    told = exported(story, "--task", task, "--actor", "mara", "--repository", "octo/sample")
    assert {row["kind"] for row in told} == {"decision", "write"}
    assert [row["at"] for row in told] == sorted(row["at"] for row in told)
    assert exported(story, "--since", "2999-01-01") == []
