"""Publish a change as a new pull request, on the base as it is by then."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, Protocol

from bot.change import commits, gate_runner, proof
from bot.change.handover import end, leave_change
from bot.change.issue import already_open
from bot.change.publication import EVIDENCE, notify, tell
from bot.change.recipe import AnyEvidence, Job
from bot.change.records import Brief, Publication
from bot.change.stages import Stage
from bot.change.steps import check_again
from bot.engine.port import Ctx, Outcome, TaskState
from bot.git.changes import Changes
from bot.github.api.scopes import OPEN_PULL, READ
from bot.github.resources import issues, pulls, repos
from bot.github.resources.pulls import Pull
from bot.github.text.markers import Marker, with_marker
from bot.github.text.outgoing import MAX_TEXT, cap, outgoing_line
from bot.github.text.sections import section
from bot.markdown import joined
from bot.types import JsonModel

# GitHub shows a commit's text unfolded; a paragraph longer than this is no summary any more
_PARAGRAPH = 1_000


@dataclass(frozen=True)
class PullText:
    """Texts of a pull request."""

    title: str
    told: str  # said once
    evidence: str  # renewed by later revisions
    closing: str  # the line that closes the issue, if there is one; it ends the commit's message too

    @property
    def body(self) -> str:
        return f"{self.told}\n\n{self.evidence}"


class PullWords(Protocol):
    """The texts of a capability that opens pull requests."""

    def write_pull(self, evidence: Any, /) -> PullText: ...

    def write_notice(self, evidence: Any, number: int, /) -> str:
        """Return the comment that notifies."""
        ...


class PublishCheck(JsonModel):
    """State of issue and base before publishing, or why to ``stop``."""

    base_branch: str
    base_sha: str
    stop: str | None = None
    conflicts: tuple[str, ...] = ()
    edited: bool = False


@dataclass(frozen=True)
class NewPullRequest:
    """A new pull request for an issue, a draft if it is unverified."""

    words: PullWords

    async def publish(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence) -> Outcome:
        """Publish where all holds on the base as it is now, else say why not."""
        report = evidence.report
        assert report is not None, "only what was gated is published"
        now = await ctx.step("recheck", recheck, job, evidence.brief, report.changes, retries=2)
        if now.stop:
            return Outcome(state="refused", summary=now.stop)
        if now.edited:
            evidence = evidence.noted(
                "The issue was edited meanwhile; this is for the text as it read when it was triggered."
            )
        if now.base_branch != evidence.brief.base_branch:
            brief = evidence.brief.model_copy(update={"base_branch": now.base_branch})
            evidence = evidence.updated(brief=brief)
        if now.conflicts:
            names = ", ".join(f"`{path}`" for path in now.conflicts)
            note = f"Meanwhile {names} changed on the base branch; start again to build on that."
            return await tell(ctx, job, evidence.noted(note))
        if now.base_sha != report.base_sha:
            evidence = await _on_new_base(ctx, job, evidence, now.base_sha)
            if not job.recipe.may_publish(job.rules, evidence):
                return await tell(ctx, job, evidence)
        text = self.words.write_pull(evidence)
        await ctx.step("leave", leave_change, job, evidence, retries=2)
        sha = await ctx.step("push", push, job, evidence, text, retries=2)
        state: TaskState = "done" if evidence.verified else "unverified"
        if job.task.origin.outlet == "branch":
            await ctx.step("publish-done", job.stage, Stage.PUBLISH, "done", job.branch)
            data = end(evidence, "branch", text.body).model_dump() | {"branch": job.branch, "head_sha": sha}
            return Outcome(state=state, summary=f"Pushed the branch {job.branch}.", data=data)
        published = await ctx.step("pull", self._open, job, evidence, text, sha, retries=2)
        data = end(evidence, "pull_request", text.body).model_dump() | published.model_dump()
        return Outcome(state=state, summary=f"Opened #{published.number}", data=data)

    async def _open(self, job: Job[Any], evidence: AnyEvidence, text: PullText, head_sha: str) -> Publication:
        """Open the pull request and post the comment that names it.

        This is one step, so that a cancel cannot leave one without the other. Running it again finds what is there: the
        pull request by its head, the comment by its marker.
        """
        pull = await open_pull(job, evidence, text)
        await notify(job, self.words.write_notice(evidence, pull.number))
        await job.stage(Stage.PUBLISH, "done", f"#{pull.number}")
        return Publication(
            branch=job.branch, head_sha=head_sha, number=pull.number, url=pull.html_url, draft=pull.draft
        )


async def recheck(job: Job[Any], brief: Brief, changes: Changes) -> PublishCheck:
    """Check that the issue is open and the change still fits the base."""
    await job.stage(Stage.PUBLISH, "started")
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, READ)
    number = job.task.subject.number
    issue = None if number is None else await issues.get_issue(github, repository, number)
    branch = brief.base_branch
    base_sha = await repos.find_head(github, repository, branch)
    if base_sha is None:  # renamed meanwhile, or replaced as the default
        branch = await repos.default_branch(github, repository)
        base_sha = await repos.head_sha(github, repository, branch)
    now = PublishCheck(base_branch=branch, base_sha=base_sha)
    edited = issue is not None and (issue.title, issue.body or "") != (job.task.title, job.task.body)
    if issue is not None and issue.state != "open" and not job.recipe.about_closed:
        return now.model_copy(update={"stop": "The issue was closed meanwhile, so nothing was published."})
    if stop := await already_open(job):
        return now.model_copy(update={"stop": stop})
    if base_sha == brief.base_sha:
        return now.model_copy(update={"edited": edited})
    mirror = await job.fetch(branch)
    before = {entry.path: entry.sha for entry in await mirror.entries(brief.base_sha)}
    after = {entry.path: entry.sha for entry in await mirror.entries(base_sha)}
    conflicts = tuple(sorted(path for path in changes.files if before.get(path) != after.get(path)))
    return now.model_copy(update={"conflicts": conflicts, "edited": edited})


async def _on_new_base(ctx: Ctx, job: Job[Any], evidence: AnyEvidence, base_sha: str) -> AnyEvidence:
    """Prove and gate once more where the base moved: that is merged."""
    assert evidence.report is not None, "only what was gated is published"
    short = base_sha[:10]
    note = f"The base moved meanwhile; the gates ran again on {short}."
    if evidence.proof is not None:
        fails = await ctx.step("proof-new-base", proof.still_fails, job, base_sha, evidence.proof, interruptible=True)
        if not fails:
            gone = f"On the base as it is now ({short}) the new test passes without this change: fixed there."
            return evidence.updated(proof=None, report=None).noted(gone)
        note = f"{note} Without the change the new test fails there."
    changes = evidence.report.changes
    again = await ctx.step("gate-new-base", gate_runner.gate, job, evidence, base_sha, changes, interruptible=True)
    snapshots = await check_again(ctx, job, evidence, base_sha)
    return evidence.updated(report=again, snapshots=snapshots).noted(note)


async def push(job: Job[Any], evidence: AnyEvidence, text: PullText) -> str:
    """Commit the tested tree, push it to the task's branch, return its sha."""
    assert evidence.report is not None, "only what passed the gates is pushed"
    secrets = job.services.settings.secrets
    said = [outgoing_line(line, limit=_PARAGRAPH, secrets=secrets) for line in (evidence.cause, evidence.change)]
    paragraphs = [textwrap.fill(line, 72, break_long_words=False, break_on_hyphens=False) for line in said if line]
    steps = job.recipe.steps(evidence)
    subject = outgoing_line(steps[-1].subject, secrets=secrets) if steps else _title(job, text)
    message = joined((subject, *paragraphs, text.closing)) + "\n"
    before = [
        one.model_copy(update={"subject": outgoing_line(one.subject, secrets=secrets)}) for one in evidence.snapshots
    ]
    return await commits.put(job, evidence.report, message, job.branch, triggered=job.task.triggered, before=before)


def _title(job: Job[Any], text: PullText) -> str:
    return outgoing_line(text.title, secrets=job.services.settings.secrets)


async def open_pull(job: Job[Any], evidence: AnyEvidence, text: PullText) -> Pull:
    """Open the pull request, or find that of an interrupted attempt."""
    repository = job.task.repository
    github = await job.services.github.for_repository(repository, OPEN_PULL)
    told = job.services.outgoing(text.told, closes=job.task.subject.number)
    part = section(EVIDENCE, cap(job.services.outgoing(text.evidence), MAX_TEXT - len(told)))
    pull = await pulls.open_pull(
        github,
        repository,
        head=job.branch,
        base=evidence.brief.base_branch,
        title=_title(job, text),
        body=with_marker(f"{told}\n\n{part}", Marker(task=job.task_id, part="pull")),
        draft=not evidence.verified,
    )
    await job.audit(f"open pull request #{pull.number}", allowed=True, reason=job.branch)
    return pull
