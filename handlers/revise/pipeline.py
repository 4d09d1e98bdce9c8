"""A revision, from what was asked to a commit on the pull request's branch: read, prepare, edit, gate, judge, publish.

The change pipeline without a proof: what is wanted is what people said, and a second model says whether it was met.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.change import baseline, kept
from bot.change.gate_runner import gate
from bot.change.publication import notify
from bot.change.records import Baseline, Found, GateReport
from bot.change.refusals import explain
from bot.engine.port import Ctx, Outcome, Step
from bot.git.errors import GitError
from bot.github.api.errors import GitHubError
from bot.models.port import ModelError
from bot.work.loop import LoopLimits, work
from bot.work.records import Work
from bot.work.services import Services
from bot.work.workshop import Installed
from handlers.revise import demands, editor, failed_checks, judge, publication, suggestions
from handlers.revise import reproof as reproving
from handlers.revise.assignment import Revision, Voice
from handlers.revise.records import Pushed, Revised, RevisionTask, Wanted

_ROUNDS = 3
_LIMITS = LoopLimits()


async def run_revision(ctx: Ctx, services: Services, voice: Voice, task: RevisionTask) -> Outcome:
    """One task from what was asked to a state that people can see on GitHub."""
    policy = await ctx.step("policy", services.policies.load, task.repository, retries=2)
    revision = Revision(services, ctx.task_id, task, policy, policy.fix.max_dollars, voice)
    finished = await ctx.step("kept", kept.find, revision)
    if finished is not None:
        return await _publish(ctx, revision, Revised.model_validate(finished.evidence))
    wanted = await ctx.step("read", demands.read, revision, retries=2)
    if wanted.brief.stop:
        return Outcome(state="refused", summary=wanted.brief.stop)
    wanted = await ctx.step("fetch", demands.fetch, revision, wanted, retries=2)
    found, base = await _look_around(ctx, revision, wanted)
    evidence = Revised(task=task, wanted=wanted, baseline=base)
    if task.checks and base is not None:
        cause = await ctx.step("cause", failed_checks.cause, revision, wanted, base, interruptible=True)
        evidence = _noted(evidence, cause.sentence).model_copy(update={"proof": cause.proof})
        if cause.kind != "ours" and len(wanted.demands) == wanted.failed:
            return await _tell(ctx, revision, evidence)
    evidence = await _edit(ctx, revision, evidence, found)
    return await _publish(ctx, revision, evidence)


async def _look_around(ctx: Ctx, revision: Revision, wanted: Wanted) -> tuple[Found, Baseline | None]:
    """Find and install side by side, then the tests as they are; code of a fork is not run."""
    if not wanted.runs:
        return await ctx.step("find", demands.find, revision, wanted), None
    steps: dict[str, Step[Any]] = {
        "find": Step(demands.find, (revision, wanted)),
        "install": Step(baseline.install, (revision, wanted.brief), interruptible=True),
    }
    branches = await ctx.parallel(steps)
    found: Found = branches["find"]
    installed: Installed = branches["install"]
    base = await ctx.step("baseline", baseline.baseline, revision, wanted.brief, found, installed, interruptible=True)
    return found, base


async def _edit(ctx: Ctx, revision: Revision, evidence: Revised, found: Found) -> Revised:
    """Edit, gate, judge; back to the edit with what is missing. A model that fails ends the work, not the evidence."""
    wanted, base = evidence.wanted, evidence.baseline
    state = await ctx.step("edit-prompt", editor.opening, revision, wanted, found, base)
    tests = await ctx.step("existing", demands.existing, revision, wanted)
    hands = editor.hands(revision, wanted, base, frozenset(tests))
    system = editor.system_text(revision, wanted, found)
    said = ""
    for attempt in range(_ROUNDS):
        try:
            state = await work(ctx, f"edit-{attempt}", system, state, hands, _LIMITS)
            if state.ended != "finished":
                return _noted(evidence, f"The work was stopped: {state.summary}.")
            evidence = await _checked(ctx, revision, evidence, state, attempt)
        except ModelError as error:
            return _noted(evidence, f"The work was stopped: {error}")
        missing = _missing(evidence, attempt)
        if missing in ("", said):
            break  # done, or nothing changed since the last round
        said = missing
        state = editor.told(state, wanted, "This is missing:", missing)
    return evidence


async def _checked(ctx: Ctx, revision: Revision, evidence: Revised, state: Work, attempt: int) -> Revised:
    """The finished change through the gates, then before the judge where it passed them."""
    wanted = evidence.wanted
    evidence = evidence.model_copy(
        update={"change": state.summary.partition("\n")[2] or state.summary, "report": None, "answers": ()}
    )
    if not state.changes.files:
        return evidence
    report = await ctx.step(
        f"gate-{attempt}",
        gate,
        revision,
        wanted.brief.base_sha,
        evidence.baseline,
        evidence.proof,
        state.changes,
        wanted.merge_base,
        interruptible=True,
    )
    evidence = evidence.model_copy(update={"report": report})
    if not report.passed:
        return evidence
    step = f"judge-{attempt}"
    answers = await ctx.step(step, judge.judge, revision, wanted, report, evidence.change, step, interruptible=True)
    return evidence.model_copy(update={"answers": answers})


def _missing(evidence: Revised, attempt: int) -> str:
    """What the edit goes back for: gates as often as there are rounds, demands that are not met once."""
    report = evidence.report
    if report is None:
        return ""
    if not report.passed:
        return "\n\n".join(f"{gate.name}: {gate.after}\n{gate.detail}" for gate in report.failed())
    return "\n".join(evidence.unmet) if attempt == 0 else ""


async def _publish(ctx: Ctx, revision: Revision, evidence: Revised) -> Outcome:
    """A commit where the branch is ours to push to, suggestions where it is a fork's, else words."""
    report = evidence.report
    if report is None or not evidence.publishable:
        return await _tell(ctx, revision, evidence)
    evidence = await ctx.step("account", publication.account, revision, evidence)
    await ctx.step("keep", kept.keep, revision, evidence)
    try:
        return await _deliver(ctx, revision, evidence, report)
    except (GitError, GitHubError) as error:
        refusal = explain(error)
    why = f"The change is finished and kept, but it could not be published: {refusal.reason} {refusal.advice}"
    with suppress(GitError, GitHubError):
        return await _tell(ctx, revision, _noted(evidence, f"{why} Then `/retry` publishes it."))
    return Outcome(state="refused", summary=why, data={"report": revision.voice.nothing(evidence)})


async def _deliver(ctx: Ctx, revision: Revision, evidence: Revised, report: GateReport) -> Outcome:
    wanted = evidence.wanted
    if wanted.from_fork:
        pushed = await ctx.step("suggest", suggestions.suggest, revision, wanted, report, retries=2)
        return await _done(ctx, revision, evidence, pushed)
    if wanted.ours:
        reproof = await ctx.step("reprove", reproving.reprove, revision, wanted, report, interruptible=True)
        evidence = evidence.model_copy(update={"reproof": reproof})
    sent = await ctx.step("push", publication.push, revision, wanted, report, evidence.change, retries=2)
    if sent.sha is None:
        await ctx.step("discard", kept.discard, revision)
        return await _tell(ctx, revision, _noted(evidence, sent.stop))
    await ctx.step("answer", publication.answer_threads, revision, evidence, sent.sha, retries=2)
    return await _done(ctx, revision, evidence, Pushed(sha=sent.sha, onto=wanted.brief.base_sha))


async def _done(ctx: Ctx, revision: Revision, evidence: Revised, pushed: Pushed) -> Outcome:
    await ctx.step("discard", kept.discard, revision)
    if pushed.sha is not None and evidence.reproof is not None:
        await ctx.step("renew", publication.renew, revision, evidence, pushed.sha, retries=2)
    await ctx.step("notify", notify, revision, revision.voice.done(evidence, pushed), retries=2)
    await ctx.step("publish-done", _published, revision, pushed)
    where = f"Pushed {pushed.sha[:10]}" if pushed.sha else f"Posted {pushed.suggestions} suggestions"
    met = [answer.met for _, answer in evidence.results]
    summary = f"{where}." if met == [True] else f"{where}; {sum(met)} of {len(met)} demands are met."
    state = "done" if all(met) else "unverified"
    return Outcome(state=state, summary=summary, data=pushed.model_dump())


async def _published(revision: Revision, pushed: Pushed) -> None:
    await revision.stage("publish", "done", pushed.sha[:10] if pushed.sha else "as suggestions")


async def _tell(ctx: Ctx, revision: Revision, evidence: Revised) -> Outcome:
    """Nothing was published: one comment that says what was tried and why not."""
    evidence = await ctx.step("account-told", publication.account, revision, evidence)
    await ctx.step("notify", notify, revision, revision.voice.nothing(evidence), retries=2)
    why = evidence.notes[-1] if evidence.notes else "Nothing was changed."
    return Outcome(state="unverified", summary=why)


def _noted(evidence: Revised, note: str) -> Revised:
    return evidence.model_copy(update={"notes": (*evidence.notes, note)})
