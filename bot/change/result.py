"""Publish a change where it belongs: a new pull request, or on the pull request that it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from bot.change.handover import end, leave_change
from bot.change.head_commit import push, subject
from bot.change.new_pull import NewPullRequest, PullWords
from bot.change.publication import notify, tell
from bot.change.recipe import AnyEvidence, Job
from bot.change.stages import Stage
from bot.change.suggestions import suggest
from bot.engine.port import Ctx, Outcome, TaskState
from bot.github.text.outgoing import outgoing_line
from bot.work.results import Form


class ResultWords(PullWords, Protocol):
    """The texts of a capability that also changes pull requests."""

    def write_subject(self, evidence: Any, /) -> str:
        """Return the first line of a commit's message."""
        ...

    def write_pushed(self, evidence: Any, where: str, /) -> str:
        """Return the comment on a pull request; ``where`` says what was done."""
        ...


@dataclass(frozen=True)
class Result:
    """A pull request's commit, suggestions for a fork, or a new pull request."""

    words: ResultWords

    async def publish(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence) -> Outcome:
        """Publish a change that is good enough, and notify people once."""
        ends = evidence.brief.pull
        if ends is None:
            return await NewPullRequest(self.words).publish(ctx, job, evidence)
        await ctx.step("leave", leave_change, job, evidence, retries=2)
        if ends.from_fork:
            posted = await ctx.step("suggest", suggest, job, evidence, retries=2)
            where = f"I posted {posted} suggestions and the whole change as a patch"
            return await self._finish(ctx, job, evidence, where, {"suggestions": posted})
        pushed = await ctx.step("push", push, job, evidence, self._write_message(job, evidence), retries=2)
        if pushed.sha is None:
            return await tell(ctx, job, evidence.noted(pushed.stop))
        return await self._finish(ctx, job, evidence, f"I pushed {pushed.sha}", {"sha": pushed.sha})

    async def _finish(
        self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, where: str, data: dict[str, Any]
    ) -> Outcome:
        told = self.words.write_pushed(evidence, where)
        await ctx.step("notify", notify, job, told, retries=2)
        await ctx.step("publish-done", job.stage, Stage.PUBLISH, "done", str(data.get("sha", "as suggestions"))[:14])
        state: TaskState = "done" if evidence.verified else "unverified"
        form: Form = "pull_request" if "sha" in data else "patch"
        return Outcome(state=state, summary=f"{where}.", data=end(evidence, form, told).model_dump() | data)

    def _write_message(self, job: Job[Any], evidence: AnyEvidence) -> str:
        first = outgoing_line(self.words.write_subject(evidence), secrets=job.services.settings.secrets)
        return f"{subject(first)}\n\nAsked for in #{job.task.number} by {job.task.actor.login}.\n"
