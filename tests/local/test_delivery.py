"""One event, handled with a repository's own token, as the Action does it on the runner."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.scenes import SAMPLE, during, git
from tests.support.databases import new_sqlite
from tests.support.forks import Forked
from tests.support.jobs import BOT, PERMISSIONS, job, runner_event, said
from tests.support.pulls import propose
from tests.support.story import LABEL, Story
from tests.support.terminal import Typed, typing


def order(
    story: Story, event: Path, name: str, permissions: Mapping[str, str], *options: str, **more: str
) -> AbstractAsyncContextManager[Typed]:
    """``forgehand deliver`` in a job with these permissions; tests/action starts it where there is no database yet."""
    settings = {
        **story.model_settings,
        "FORGEHAND_GITHUB_TOKEN": story.hub.job_token(story.repository, permissions),
        "FORGEHAND_API_URL": story.hub.api_url,
        "FORGEHAND_WEB_URL": story.hub.url,
        "FORGEHAND_DATA_DIR": str(story.root / "data"),
        **more,
    }
    data = Path(settings["FORGEHAND_DATA_DIR"])
    data.mkdir(mode=0o700, exist_ok=True)
    new_sqlite(data / "forgehand.db")
    named = ("--name", name, "--id", "run-1-1", "--report", story.root / "report.json")
    return typing("deliver", event, *named, *options, **settings)


def report_of(story: Story) -> dict[str, Any]:
    return dict(json.loads((story.root / "report.json").read_text()))


async def deliver(
    story: Story, name: str, action: str, permissions: Mapping[str, str] = PERMISSIONS, **more: str
) -> tuple[str, dict[str, Any]]:
    """The progress that was told, and the report."""
    async with order(story, runner_event(story, name, action), name, permissions, **more) as running:
        assert await running.process.wait() == 0, running.out + running.err
        return running.err, report_of(story)


@pytest.mark.needs("sandbox")
async def test_a_label_becomes_a_verified_pull_request_of_the_jobs_account(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, GOOD) as story:
        number = await story.file(TITLE, BODY)
        progress, report = await deliver(story, "issues", "labeled")
        (pull,) = await story.pulls()
    ((task, result),) = [(each["task"], each["result"]) for each in report["tasks"]]
    assert (task["task"], task["state"], task["number"], task["door"]) == ("fix", "done", number, "label")
    assert result["pull_request"] == pull["html_url"]
    assert (pull["user"]["login"], pull["draft"]) == (BOT, False)
    assert report["refusals"] == []
    assert f"fix {task['id']}: Prove the bug with a failing test: done" in progress
    assert any(text.startswith("Done.") for text in said(story, number))
    author = git(story, "log", "-1", "--format=%an <%ae>", pull["head"]["ref"])
    assert author.startswith(BOT)


async def test_what_a_stranger_asks_for_is_refused_and_reported(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story:
        number = await story.file(TITLE, BODY, label=None)
        stranger = story.hub.create_user("zed")
        await story.request("POST", f"/issues/{number}/comments", {"body": "/fix"}, by=stranger)
        _, report = await deliver(story, "issue_comment", "created")
    assert report["tasks"] == []
    assert "permission" in report["refusals"][0]


async def ask(story: Story, **more: Any) -> dict[str, Any]:
    """The report on a task that the workflow itself asks for; ``more`` replaces what the run says of itself."""
    story.script.on({"text": "Whole units only."}, text="where are cents lost", reusable=True)
    said_so = {
        "task": "ask",
        "body": {"repository": "octo/sample", "text": "where are cents lost?"},
        "repository": {"id": story.repository.id, "full_name": "octo/sample"},
        "actor": {"id": story.maintainer.id, "login": "mara"},
        "event": "workflow_dispatch",
        "ref": "refs/heads/main",
    }
    file = story.root / "asked.json"
    file.write_text(json.dumps(said_so | more))
    data = tempfile.mkdtemp(dir=story.root)  # new each time, as on a runner
    asked = ("--ask", str(file))
    async with order(
        story, Path(os.devnull), "workflow_dispatch", PERMISSIONS, *asked, FORGEHAND_DATA_DIR=data
    ) as running:
        assert await running.process.wait() == 0, running.out + running.err
        return report_of(story)


async def test_what_a_workflow_asks_for_is_decided_as_on_a_server(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story:
        (ended,) = (await ask(story))["tasks"]
        assert (ended["task"]["state"], ended["task"]["door"], ended["task"]["actor"]) == ("done", "action", "mara")
        assert ended["result"]["report"].startswith("Whole units only.")
        zed, other = story.hub.create_user("zed"), story.hub.create_repository("octo/other")
        fork = story.hub.fork(story.repository, "zed")
        number = await propose(story, {"README.md": "# Other\n"}, by=zed, fork=fork)
        for wrong, words in (
            ({"actor": {"id": zed.id, "login": "zed"}}, "this needs write permission"),
            ({"actor": {"id": story.maintainer.id + 999, "login": "mara"}}, "cannot read octo/sample"),
            ({"event": "pull_request_target"}, "Runs of `pull_request_target` may not ask"),
            ({"ref": f"refs/pull/{number}/merge"}, "the code of a pull request from a fork"),
            ({"body": {"repository": other.full_name, "text": "Why?"}}, "The run is of octo/sample"),
            ({"body": {"repository": "octo/sample", "text": ""}}, "`ask` cannot be asked for so: text"),
            ({"task": "settle"}, "There is no task `settle`."),
        ):
            report = await ask(story, **wrong)
            assert report["tasks"] == []
            assert words in report["refusals"][0], wrong


async def test_an_event_that_asks_for_nothing_ends_at_once(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story:
        await story.file(TITLE, BODY, label="other")
        progress, report = await deliver(story, "issues", "labeled", FORGEHAND_SANDBOX="none")
    assert report == {"tasks": [], "refusals": [], "problem": None}
    assert progress.startswith("No code of the repository can run here, so nothing can be fixed.")


@pytest.mark.needs("sandbox")
async def test_a_cancelled_run_stops_its_task_and_says_so(tmp_path: Path) -> None:
    process: Forked | None = None

    async def interrupt() -> None:
        assert process is not None
        process.send_signal(signal.SIGINT)
        await asyncio.sleep(3600)

    async with job(tmp_path, SAMPLE, [during(GOOD[0], interrupt)]) as story:
        number = await story.file(TITLE, BODY)
        event = runner_event(story, "issues", "labeled")
        async with order(story, event, "issues", PERMISSIONS) as running:
            process = running.process
            await process.wait()
        (ended,) = report_of(story)["tasks"]
    assert ended["task"]["state"] == "cancelled"
    assert any("Cancelled." in text for text in said(story, number))


async def test_a_job_without_a_permission_is_told_which(tmp_path: Path) -> None:
    async with job(tmp_path, SAMPLE, []) as story:
        await story.file(TITLE, BODY, label=LABEL)
        _, report = await deliver(story, "issues", "labeled", {"contents": "read"})
    assert "issues" in report["problem"]
