"""Publish a revision: commit or suggestions, answers, new evidence."""

from __future__ import annotations

from contextlib import suppress

from bot.change.handover import end, leave_change
from bot.change.head_commit import push, subject
from bot.change.publication import EVIDENCE, notify, tell
from bot.change.stages import Stage
from bot.change.suggestions import suggest
from bot.engine.port import Ctx, Outcome, TaskState
from bot.github.api.errors import GitHubError, NotFound
from bot.github.api.scopes import OPEN_PULL, RESOLVE_THREADS
from bot.github.resources import pulls, reply_targets, threads
from bot.github.resources.reply_targets import ReplyTarget
from bot.github.text.markers import Marker
from bot.github.text.outgoing import outgoing_line
from bot.github.text.sections import rewritten
from bot.work.locked import unless_locked
from bot.work.results import Form
from handlers.revise import words
from handlers.revise.records import PublishedRevision, Reproof, RevisionEvidence, RevisionJob, pair_answers
from handlers.revise.reproof import reprove


async def publish(ctx: Ctx, job: RevisionJob, evidence: RevisionEvidence) -> Outcome:
    """Push a commit, or post suggestions where the branch is a fork's."""
    report = evidence.report
    ends = evidence.brief.pull
    assert report is not None, "only what passed the gates is published"
    assert ends is not None, "a revision is of a pull request"
    await ctx.step("leave", leave_change, job, evidence, retries=2)
    if ends.from_fork:
        posted = await ctx.step("suggest", suggest, job, evidence, retries=2)
        return await _finish(ctx, job, evidence, PublishedRevision(suggestions=posted), None)
    reproof: Reproof | None = None
    if ends.ours:
        reproof = await ctx.step("reprove", reprove, job, evidence.brief, report, interruptible=True)
    pushed = await ctx.step("push", push, job, evidence, _write_message(job, evidence.change), retries=2)
    if pushed.sha is None:
        return await tell(ctx, job, evidence.noted(pushed.stop))
    try:
        await ctx.step("answer", answer_threads, job, evidence, pushed.sha, retries=2)
    except GitHubError as error:  # what is pushed is pushed, and told all the same
        evidence = evidence.noted(f"I could not answer in every thread: {error.message}")
    return await _finish(ctx, job, evidence, PublishedRevision(sha=pushed.sha, onto=evidence.brief.base_sha), reproof)


async def _finish(
    ctx: Ctx, job: RevisionJob, evidence: RevisionEvidence, published: PublishedRevision, reproof: Reproof | None
) -> Outcome:
    """Renew the evidence of our pull request, notify, count what is met."""
    if published.sha is not None and reproof is not None:
        text = words.write_evidence(evidence, reproof, published.sha)
        await ctx.step("renew", renew, job, text, published.sha, retries=2)
    told = words.write_result(evidence, reproof, published)
    await ctx.step("notify", notify, job, told, retries=2)
    place = published.sha[:10] if published.sha else "as suggestions"
    await ctx.step("publish-done", job.stage, Stage.PUBLISH, "done", place)
    where = f"Pushed {published.sha[:10]}" if published.sha else f"Posted {published.suggestions} suggestions"
    met = [answer.met for _, answer in pair_answers(evidence)]
    summary = f"{where}." if met == [True] else f"{where}; {sum(met)} of {len(met)} demands are met."
    state: TaskState = "done" if all(met) else "unverified"
    form: Form = "pull_request" if published.sha else "patch"
    data = end(evidence, form, told).model_dump() | published.model_dump()
    return Outcome(state=state, summary=summary, data=data)


def _write_message(job: RevisionJob, change: str) -> str:
    first = outgoing_line(change.split(". ")[0].strip(), secrets=job.services.settings.secrets)
    task = job.task
    why = f"Asked for in #{task.number} by {task.actor.login}."
    if task.healing:
        why = f"For the failing checks of #{task.number}."
    return f"{subject(first.rstrip('.') or 'Do what was asked')}\n\n{why}\n"


async def answer_threads(job: RevisionJob, evidence: RevisionEvidence, sha: str) -> int:
    """Answer each thread, resolve met ones; return how many were answered."""
    task = job.task
    services = job.services
    github = await services.github.for_repository(task.repository, RESOLVE_THREADS)
    bot = await services.github.bot()
    answers = evidence.judgement.answers if evidence.judgement is not None else ()
    answered = 0
    for number, (demand, answer) in enumerate(zip(evidence.brief.demands, answers, strict=True)):
        if demand.root is None:
            continue
        spot = ReplyTarget(kind="review comment", number=task.number, id=demand.root, root=demand.root)
        marker = Marker(task=job.task_id, part=f"thread-{number}")
        text = services.outgoing(words.write_answer(answer, sha))
        with suppress(NotFound):  # deleted meanwhile: nobody waits there
            with unless_locked("answer a thread"):
                await reply_targets.answer_thread(github, task.repository, spot, text, marker=marker, bot_id=bot.id)
            if answer.met and demand.thread is not None:
                await threads.resolve(github, demand.thread)
            answered += 1
    return answered


async def renew(job: RevisionJob, text: str, sha: str) -> bool:
    """Renew the evidence in our own pull request; return whether it was.

    What people wrote around it stays, and where they took it out nothing is put back.
    """
    task = job.task
    services = job.services
    github = await services.github.for_repository(task.repository, OPEN_PULL)
    pull = await pulls.get_pull(github, task.repository, task.number)
    body = rewritten(pull.body, EVIDENCE, services.outgoing(text))
    if body is None or body == pull.body:
        return False
    await pulls.update_body(github, task.repository, task.number, body)
    await job.audit(f"edit the text of #{task.number}", allowed=True, reason=sha)
    return True
