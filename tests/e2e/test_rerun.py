"""Only what is shown to be the machine's fault runs again, once, and never for a fork."""

from __future__ import annotations

from pathlib import Path

import pytest

from simhub import Outage
from tests.e2e.conftest import Tell
from tests.e2e.healing import BROKEN, CODE, enable, ended, healed, lay
from tests.support.pulls import propose, pull, push
from tests.support.story import Story

pytestmark = pytest.mark.needs("sandbox")


async def reran(story: Story, number: int | None = None, **body: object) -> tuple[str, str]:
    result = await healed(story, "rerun", number, **body)
    return result["state"], result["data"].get("report", result["summary"])


async def test_what_the_machine_did_runs_once_more(tell: Tell, tmp_path: Path) -> None:
    story = await tell([], source=lay(tmp_path))
    enable(story)
    story.hub.break_runner(story.repository, Outage("test", "The runner has received a shutdown signal."))
    sha = await push(story, "main", {"notes.txt": "one\n"})
    run = await ended(story, sha)
    assert run.conclusion == "failure"
    state, report = await reran(story)
    assert state == "done"
    assert f"- Run {run.id}: runs once more: Infrastructure: test failed in `Set up job`" in report
    again = await ended(story, sha, attempt=2)
    assert (again.conclusion, again.attempt) == ("success", 2)
    assert (await reran(story))[1] == "No workflow run has failed here, so there is nothing to run again."
    words = "curl: (6) Could not resolve host: pypi.org"
    for _ in range(2):
        story.hub.break_runner(story.repository, Outage("test", words, step="Test"))
    sha = await push(story, "main", {"notes.txt": "two\n"})
    await ended(story, sha)
    state, report = await reran(story)
    assert state == "done"
    assert "“Could not resolve host”, and the same command passes here on the same tree" in report
    run = await ended(story, sha, attempt=2)
    assert run.conclusion == "failure"
    state, report = await reran(story, run=run.id)
    assert (state, "it was run again already (attempt 2)" in report) == ("unverified", True)
    assert run.attempt == 2


async def test_what_is_the_code_s_fault_or_a_fork_s_does_not_run_again(tell: Tell, tmp_path: Path) -> None:
    story = await tell([], source=lay(tmp_path))
    enable(story)
    number = await propose(story, {CODE: BROKEN})
    run = await ended(story, (await pull(story, number))["head"]["sha"], "pull_request")
    state, report = await reran(story, number)
    assert (state, "its log speaks of no machine or network" in report) == ("unverified", True)
    said = "curl: (6) Could not resolve host: pypi.org"
    lying = BROKEN.replace("    whole, _,", f'    print("{said}")\n    whole, _,')
    head = await push(story, "topic", {CODE: lying}, onto="topic")
    run = await ended(story, head, "pull_request")
    state, report = await reran(story, number, run=run.id)
    assert (state, "fails here as well, so it is not CI's machine" in report) == ("unverified", True)
    assert {each.attempt for each in story.repository.workflow_runs} == {1}
    sam = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    story.hub.break_runner(story.repository, Outage("test", "The runner has received a shutdown signal."))
    theirs = await propose(story, {"notes.txt": "mine\n"}, branch="theirs", by=sam, fork=fork)
    run = await ended(story, (await pull(story, theirs))["head"]["sha"], "pull_request")
    assert run.conclusion == "failure"
    state, report = await reran(story, theirs)
    assert (state, "its head is in a fork" in report, run.attempt) == ("unverified", True, 1)
    refused = await healed(story, number=theirs)
    assert (refused["state"], "Code of a fork is not run here" in refused["summary"]) == ("refused", True)
    assert story.script.requests == []
