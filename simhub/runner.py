"""Really run workflow files, as GitHub's runners do: each job in a fresh clone of its commit.

It runs the repository's own commands on this machine, without a sandbox: for the repositories of tests only.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simhub import job_logs, workflows
from simhub.gitrepo import GitRepo, environment
from simhub.job_logs import Section
from simhub.model import Outage, Repository, Trigger, WorkflowJob, WorkflowRun
from simhub.state import State
from simhub.workflow_files import FileJob, FileStep, WorkflowFile, read_workflow

_FOLDER = ".github/workflows/"
_STEP_SECONDS = 120
_SET_UP = "Set up job"


def enable(hub: State, repository: Repository) -> None:
    """Run this repository's workflows on every push and new head of a pull request."""
    if not repository.runs_workflows:
        repository.runs_workflows = True
        hub.triggered.append(lambda trigger: _start(hub, repository, trigger))


def _start(hub: State, repository: Repository, trigger: Trigger) -> None:
    if trigger.repository is repository:
        hub.in_background(_run_all(hub, trigger))


def replay(hub: State, run: WorkflowRun) -> None:
    """Play a run that was started again."""
    hub.in_background(_play_again(hub, run))


async def _run_all(hub: State, trigger: Trigger) -> None:
    """Start what the commit's own workflow files want; a broken file starts and fails without a job."""
    git = GitRepo(trigger.head_repository.path)
    listed = await git.text("ls-tree", "--name-only", trigger.sha, _FOLDER)
    for path in listed.splitlines():
        if not path.endswith((".yml", ".yaml")):
            continue
        text = await git.text("show", f"{trigger.sha}:{path}")
        file = read_workflow(path, text)
        branch = trigger.branch if trigger.event == "push" else ""
        if file is not None and not file.wants(trigger.event, branch):
            continue
        name = file.name if file else path
        run = workflows.new_run(
            hub, trigger.repository, trigger.sha, trigger.branch, trigger.event, name, path, trigger.head_repository,
            trigger.actor,
        )  # fmt: skip
        await workflows.emit_run(hub, run, "requested", run.actor)
        if file is None:
            await workflows.finish_run(hub, run, [], "startup_failure")
            continue
        for spec in file.jobs:
            await workflows.queue_job(hub, run, spec.name)
        await _play(hub, run, file)


async def _play_again(hub: State, run: WorkflowRun) -> None:
    git = GitRepo(run.head_repository.path)
    file = read_workflow(run.path, await git.text("show", f"{run.head_sha}:{run.path}"))
    assert file is not None, "a file that could not start has no run to play again"
    await _play(hub, run, file)


async def _play(hub: State, run: WorkflowRun, file: WorkflowFile) -> None:
    """Run the queued jobs one after the other; one whose needs failed is skipped."""
    await workflows.begin_run(hub, run)
    queued = {job.name: job for job in run.jobs if job.status == "queued"}
    for spec in file.jobs:
        job = queued.get(spec.name)
        if job is None:
            continue
        ended = {each.name: each.conclusion for each in run.jobs}
        needed = [ended.get(other.name) for other in file.jobs if other.key in spec.needs]
        if any(conclusion != "success" for conclusion in needed):
            await workflows.end_job(hub, job, "skipped", "", [])
        else:
            await _play_job(hub, job, spec)
    await workflows.end_run(hub, run)


@dataclass
class _Played:
    """What a job did up to now."""

    job: WorkflowJob
    sections: list[Section] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    conclusion: str = "success"

    def add(self, hub: State, name: str, conclusion: str, number: int | None = None) -> None:
        shape = workflows.step_shape(hub, self.job, number or len(self.steps) + 1, name, conclusion)
        self.steps.append(shape)


async def _play_job(hub: State, job: WorkflowJob, spec: FileJob) -> None:
    await workflows.begin_job(hub, job)
    played = _Played(job)
    outage = _take_outage(job.run.repository, spec.name)
    _meet_outage(hub, played, outage, _SET_UP)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        clone = Path(folder) / "work"
        await _check_out(job.run, clone)
        for step in spec.steps:
            if played.conclusion != "success" and not step.always:
                played.add(hub, step.name, "skipped")
            elif not step.run or (outage is not None and outage.step == step.name):
                played.sections.append(Section(step.run or step.name.removeprefix("Run "), shell=""))
                _meet_outage(hub, played, outage, step.name)
            else:
                await _run_step(hub, played, step, clone, job.run)
    posts = len(played.steps) + 3  # numbers have gaps: those of post steps count what stands before each of them
    played.add(hub, "Post Run actions/checkout@v4", "success", posts)
    played.add(hub, "Complete job", "success", posts + 1)
    await workflows.end_job(
        hub, job, played.conclusion, job_logs.write_log(played.sections, job.started_at), played.steps
    )


def _take_outage(repository: Repository, name: str) -> Outage | None:
    found = next((outage for outage in repository.outages if outage.job == name and outage.times > 0), None)
    if found is not None:
        found.times -= 1
    return found


def _meet_outage(hub: State, played: _Played, outage: Outage | None, step: str) -> None:
    """End a step that needs no command, as it should be or as the outage wants it."""
    hit = outage is not None and outage.step == step
    if outage is not None and hit:
        played.conclusion = outage.conclusion
        played.sections.append(Section(step, outage.log, shell=""))
    played.add(hub, step, played.conclusion if hit else "success")


async def _check_out(run: WorkflowRun, clone: Path) -> None:
    git = GitRepo(run.head_repository.path)
    await git.run("clone", "--quiet", "--shared", "--no-checkout", str(run.head_repository.path), str(clone))
    await GitRepo(clone).run("checkout", "--quiet", "--detach", run.head_sha)


async def _run_step(hub: State, played: _Played, step: FileStep, clone: Path, run: WorkflowRun) -> None:
    """Run one command in the clone; what it prints is its part of the log."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-e", "-c", step.run, cwd=clone / step.folder, env=_environment(run, step, clone),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_STEP_SECONDS):
            out, _ = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        out = b"##[error]The operation was canceled.\n"
    code = process.returncode or 0
    played.sections.append(Section(step.run, out.decode(errors="replace"), code))
    ended = "failure" if code else "success"
    played.conclusion = "failure" if code else played.conclusion
    played.add(hub, step.name, ended)


def _environment(run: WorkflowRun, step: FileStep, clone: Path) -> dict[str, str]:
    own = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_SHA": run.head_sha, "GITHUB_WORKSPACE": str(clone)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return environment({"PATH": path, "HOME": str(clone.parent), **own, **step.env})
