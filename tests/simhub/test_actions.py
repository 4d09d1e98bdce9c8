"""Actions as GitHub's: attempts, logs of their real shape, limits, and workflow files that really run."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from simhub import Job, Outage
from simhub.job_logs import Section, write_log
from tests.support.hub import Stage
from tests.support.patience import PATIENCE

REPO = "/repos/octo/sample"
WORKFLOW = """name: CI
on: [push]
jobs:
  test:
    steps:
      - uses: actions/checkout@v4
      - name: Look
        run: |
          echo "on $GITHUB_SHA"
          grep -q fixed state.txt
      - run: echo tidy
        if: always()
  after:
    needs: test
    steps: [{run: "true"}]
"""


async def put(at: Stage, path: str, text: str, sha: str | None = None) -> str:
    import base64

    body = {"message": f"Write {path}", "content": base64.b64encode(text.encode()).decode()}
    made = await at.ask("PUT", f"{REPO}/contents/{path}", at.alice.token, body | ({"sha": sha} if sha else {}))
    assert made.status in (200, 201), made.body
    return str(made.body["commit"]["sha"])


async def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.02)


async def log_of(at: Stage, job: int) -> tuple[int, str]:
    link = await at.ask("GET", f"{REPO}/actions/jobs/{job}/logs")
    if link.status != 302:
        return link.status, str(link.body)
    async with at.session.get(link.headers["Location"]) as answer:
        return answer.status, await answer.text()


async def jobs_of(at: Stage, run: int, tail: str = "/jobs") -> list[tuple[str, str | None, int]]:
    listed = (await at.ask("GET", f"{REPO}/actions/runs/{run}{tail}")).body["jobs"]
    return [(job["name"], job["conclusion"], job["run_attempt"]) for job in listed]


async def test_a_workflow_file_really_runs_and_turns_green_by_the_fix(at: Stage) -> None:
    await put(at, ".github/workflows/ci.yml", WORKFLOW)
    at.hub.run_workflows(at.repo)
    red = await put(at, "state.txt", "broken\n")
    await until(lambda: at.repo.workflow_runs and at.repo.workflow_runs[-1].status == "completed")
    run = at.repo.workflow_runs[-1]
    assert (run.head_sha, run.conclusion, run.head_branch) == (red, "failure", "main")
    assert await jobs_of(at, run.id) == [("test", "failure", 1), ("after", "skipped", 1)]
    job = (await at.ask("GET", f"{REPO}/actions/runs/{run.id}/jobs")).body["jobs"][0]
    steps = [(step["name"], step["conclusion"]) for step in job["steps"]]
    assert steps == [
        ("Set up job", "success"), ("Run actions/checkout@v4", "success"), ("Look", "failure"),
        ("Run echo tidy", "success"), ("Post Run actions/checkout@v4", "success"), ("Complete job", "success"),
    ]  # fmt: skip
    assert [step["number"] for step in job["steps"]] == [1, 2, 3, 4, 7, 8], "with gaps"
    status, log = await log_of(at, job["id"])
    assert status == 200
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z ", line) for line in log.splitlines())
    assert f"on {red}" in log
    assert log.index('##[group]Run echo "on $GITHUB_SHA"') < log.index("##[error]Process completed with exit code 1.")
    assert log.rstrip().endswith("Cleaning up orphan processes")
    assert (await log_of(at, run.jobs[1].id))[0] == 404, "what was skipped never gets a log"
    blob = (await at.ask("GET", f"{REPO}/contents/state.txt")).body["sha"]
    await put(at, "state.txt", "fixed\n", blob)

    def ended() -> list[dict[str, Any]]:
        return [item.payload["workflow_run"] for item in at.received if item.name == "workflow_run.completed"]

    await until(lambda: len(ended()) == 2)
    green = ended()[-1]
    assert (await at.events()).count("workflow_job.completed") == 4
    assert (green["conclusion"], green["run_number"], green["path"]) == ("success", 2, ".github/workflows/ci.yml")


async def test_an_outage_ends_with_the_next_attempt_and_only_what_failed_runs_again(at: Stage) -> None:
    text = "on: push\njobs:\n  one: {steps: [{run: 'true'}]}\n  two: {steps: [{run: 'true'}]}\n"
    await put(at, ".github/workflows/ci.yml", text)
    at.hub.run_workflows(at.repo)
    at.hub.break_runner(at.repo, Outage("two", "The runner has received a shutdown signal."))
    await put(at, "a.txt", "a\n")
    await until(lambda: at.repo.workflow_runs and at.repo.workflow_runs[-1].status == "completed")
    run = at.repo.workflow_runs[-1]
    first = run.jobs[1].id
    assert "shutdown signal" in (await log_of(at, first))[1]
    again = await at.ask("POST", f"{REPO}/actions/runs/{run.id}/rerun-failed-jobs")
    assert again.status == 201
    await until(lambda: run.status == "completed")
    assert (run.conclusion, run.attempt) == ("success", 2)
    assert await jobs_of(at, run.id) == [("one", "success", 1), ("two", "success", 2)]
    assert await jobs_of(at, run.id, "/attempts/1/jobs") == [("one", "success", 1), ("two", "failure", 1)]
    assert len(await jobs_of(at, run.id, "/jobs?filter=all")) == 3
    assert (await log_of(at, first))[0] == 200, "an earlier attempt keeps its log"
    shown = (await at.ask("GET", f"{REPO}/actions/runs/{run.id}")).body
    assert (shown["run_attempt"], shown["previous_attempt_url"].rsplit("/", 2)[1:]) == (2, ["attempts", "1"])
    assert (await at.ask("POST", f"{REPO}/actions/runs/{run.id}/rerun-failed-jobs")).status == 403, "none failed"


async def test_what_has_no_log_and_what_does_not_run_again(at: Stage) -> None:
    head = await at.hub.git(at.repo).text("rev-parse", "main")
    run = await at.hub.start_workflow(at.repo, head, "main")
    await at.hub.finish_workflow(run, [Job("test", "failure", "no\n")])
    for _ in range(50):
        assert (await at.ask("POST", f"{REPO}/actions/runs/{run.id}/rerun")).status == 201
        assert (await at.ask("POST", f"{REPO}/actions/runs/{run.id}/rerun")).status == 403, "it runs"
        status, text = await log_of(at, run.jobs[0].id)
        assert (status, "<Code>BlobNotFound</Code>" in text) == (404, True), "while it is queued"
        await at.hub.finish_workflow(run, [Job("test", "failure", "no\n")])
    refused = await at.ask("POST", f"{REPO}/actions/runs/{run.id}/rerun")
    assert (refused.status, refused.body["message"]) == (403, "Unable to retry this workflow run")
    broken = await at.hub.start_workflow(at.repo, head, "main", path=".github/workflows/other.yml")
    await at.hub.finish_workflow(broken, [], "startup_failure")
    assert (broken.conclusion, await jobs_of(at, broken.id)) == ("startup_failure", [])
    cancelled = await at.hub.start_workflow(at.repo, head, "main")
    await at.hub.finish_workflow(cancelled, [Job("test", "cancelled", "never shown")])
    assert (await log_of(at, cancelled.jobs[0].id))[0] == 404
    assert (await log_of(at, 1))[:1] == (404,)
    job = run.jobs[0].id
    at.hub.advance(31 * 86400)
    gone = await at.ask("GET", f"{REPO}/actions/jobs/{job}/logs", at.alice.token)
    assert gone.status == 302
    late = await at.ask("POST", f"{REPO}/actions/runs/{cancelled.id}/rerun", at.alice.token)
    assert (late.status, "over a month ago" in late.body["message"]) == (403, True)
    at.hub.advance(60 * 86400)
    assert (await at.ask("GET", f"{REPO}/actions/jobs/{job}/logs", at.alice.token)).status == 410


def test_logs_have_the_odd_shapes_of_real_ones() -> None:
    from datetime import UTC, datetime

    began = datetime(2026, 12, 1, tzinfo=UTC)
    text = write_log([Section("make test", "##[error]not structure\n", 2)], began, bom=True, crlf=True)
    assert text.startswith("\ufeff2026-12-01T00:00:00.0000000Z Current runner version")
    lines = text.split("\r\n")
    assert [line for line in lines if line.endswith("Z ##[group]Run make test")]
    assert sum("##[error]" in line for line in lines) == 2
