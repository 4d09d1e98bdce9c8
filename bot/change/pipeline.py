"""The one pipeline (design 4): read, find, prepare, prove, edit, gate, judge, publish, remember.

Every line that touches the world is a step; this module only says what follows what.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.change import baseline, editor, gate_runner, issue, judge, kept, localization, publication
from bot.change import proof as proving
from bot.change.job import Capability, Job
from bot.change.records import Baseline, Brief, ChangeTask, Evidence, Found, GateReport, Proof
from bot.change.refusals import Refusal, explain
from bot.engine.port import Ctx, Outcome, Step, TaskState
from bot.git.errors import GitError
from bot.github.api.errors import GitHubError
from bot.models.port import ModelError
from bot.work.loop import LoopLimits, work
from bot.work.records import Work
from bot.work.services import Services
from bot.work.workshop import Installed

_ROUNDS = 4
_LIMITS = LoopLimits()


async def run_change(ctx: Ctx, services: Services, capability: Capability, task: ChangeTask) -> Outcome:
    """One task from trigger to a state that people can see on GitHub."""
    policy = await ctx.step("policy", services.policies.load, task.repository, retries=2)
    job = Job(services, ctx.task_id, task, policy, policy.fix.max_dollars, capability)
    finished = await ctx.step("kept", kept.find, job)
    if finished is not None:
        return await _publish(ctx, job, Evidence.model_validate(finished.evidence))
    brief = await ctx.step("read", issue.read, job, retries=2)
    if brief.stop:
        return Outcome(state="refused", summary=brief.stop)
    found, base = await _look_around(ctx, job, brief)
    proved, state = await proving.prove(ctx, job, brief, found, base)
    evidence = Evidence(task=task, brief=brief, baseline=base, proof=proved.proof)
    if proved.proof is None:
        return await _tell(ctx, job, evidence.model_copy(update={"notes": (proved.problem,)}))
    evidence = await _edit(ctx, job, evidence, proved.proof, state, proving.system_text(job, brief, found))
    return await _publish(ctx, job, evidence)


async def _look_around(ctx: Ctx, job: Job, brief: Brief) -> tuple[Found, Baseline]:
    """Find and install side by side; then the tests as they are."""
    await ctx.step("fetch", localization.fetch, job, brief, retries=2)
    steps: dict[str, Step[Any]] = {
        "find": Step(localization.find, (job, brief)),
        "install": Step(baseline.install, (job, brief), interruptible=True),
    }
    branches = await ctx.parallel(steps)
    found: Found = branches["find"]
    installed: Installed = branches["install"]
    return found, await ctx.step("baseline", baseline.baseline, job, brief, found, installed, interruptible=True)


async def _edit(ctx: Ctx, job: Job, evidence: Evidence, proof: Proof, proved: Work, system: str) -> Evidence:
    """Edit, gate, judge; back to the edit with what was wrong, a bounded number of times, once for the judge.

    A model that fails on the way ends the work, not the evidence: what was proved and checked by then is told.
    """
    brief, base = evidence.brief, _present(evidence.baseline)
    state = await ctx.step("edit-prompt", editor.start_editing, job, brief, proof, proved)
    hands = editor.edit_hands(job, brief, base, proof)
    said: tuple[str, str] | None = None
    for attempt in range(_ROUNDS):
        try:
            state = await work(ctx, f"edit-{attempt}", system, state, hands, _LIMITS)
            if state.ended != "finished":
                return _noted(evidence, f"The work was stopped: {state.summary}.")
            evidence = await _gated(ctx, job, evidence, proof, state, attempt)
            evidence = await _judged(ctx, job, evidence, attempt)
        except ModelError as error:
            return _noted(evidence, f"The work was stopped: {error}")
        why = _objection(evidence)
        if why is None or why == said:
            break  # done, or the same gates fail in the same way again: another round would change nothing
        said = why
        state = proving.told(state, job, brief, *why)
    return evidence


async def _gated(ctx: Ctx, job: Job, evidence: Evidence, proof: Proof, state: Work, attempt: int) -> Evidence:
    """The finished change through the gates; what an earlier round was judged does not count for this one."""
    brief, base = evidence.brief, _present(evidence.baseline)
    cause, _, change = state.summary.partition("\n")
    report = await ctx.step(
        f"gate-{attempt}", gate_runner.gate, job, brief.base_sha, base, proof, state.changes, interruptible=True
    )
    return evidence.model_copy(update={"report": report, "judgement": None, "cause": cause, "change": change})


async def _judged(ctx: Ctx, job: Job, evidence: Evidence, attempt: int) -> Evidence:
    """The judge's opinion, asked for only where all gates passed."""
    report, step = evidence.report, f"judge-{attempt}"
    if report is None or not report.passed:
        return evidence
    base = _present(evidence.baseline)
    said = f"{evidence.cause}\n{evidence.change}".strip()
    judgement = await ctx.step(step, judge.judge, job, evidence.brief, base, report, said, step, interruptible=True)
    objections = evidence.objections + (not judgement.passed)
    return evidence.model_copy(update={"judgement": judgement, "objections": objections})


def _objection(evidence: Evidence) -> tuple[str, str] | None:
    """What the edit goes back for: gates as often as there are rounds, a judge once."""
    report, judgement = evidence.report, evidence.judgement
    if report is not None and not report.passed:
        detail = "\n\n".join(f"{gate.name}: {gate.after}\n{gate.detail}" for gate in report.failed())
        return "These gates did not pass.", detail
    if judgement is None or judgement.passed or evidence.objections > 1:
        return None
    return "A reviewer names an input that still fails.", judgement.failing_input or ""


async def _publish(ctx: Ctx, job: Job, evidence: Evidence) -> Outcome:
    """Publish what is verified, and keep it until that is done: a refusal at the last step loses no paid work."""
    report = evidence.report
    if report is None or not (evidence.verified or job.policy.fix.unverified == "draft"):
        return await _tell(ctx, job, evidence)
    evidence = await ctx.step("account", publication.account, job, evidence)
    await ctx.step("keep", kept.keep, job, evidence)
    try:
        return await _on_present_base(ctx, job, evidence, report)
    except (GitError, GitHubError) as error:
        return await _refused(ctx, job, evidence, explain(error))


async def _refused(ctx: Ctx, job: Job, evidence: Evidence, refusal: Refusal) -> Outcome:
    """Say what was found, why it could not be published and what to change, in the task's result if nowhere else."""
    text = job.capability.refused(evidence, refusal)
    with suppress(GitError, GitHubError):
        await ctx.step("notify-refused", publication.notify, job, text, retries=2)
    summary = f"The change is finished and kept, but it could not be published: {refusal.reason} {refusal.advice}"
    return Outcome(state="refused", summary=f"{summary} Then `/retry` publishes it.", data={"report": text})


async def _on_present_base(ctx: Ctx, job: Job, evidence: Evidence, report: GateReport) -> Outcome:
    """A pull request where everything holds on the base as it is now; else words."""
    now = await ctx.step("recheck", publication.recheck, job, evidence.brief, report.changes, retries=2)
    if now.stop:
        return Outcome(state="refused", summary=now.stop)
    if now.edited:
        evidence = _noted(
            evidence, "The issue was edited meanwhile; this is for the text as it read when it was triggered."
        )
    if now.base_branch != evidence.brief.base_branch:
        brief = evidence.brief.model_copy(update={"base_branch": now.base_branch})
        evidence = evidence.model_copy(update={"brief": brief})
    if now.conflicts:
        await ctx.step("discard", kept.discard, job)
        names = ", ".join(f"`{path}`" for path in now.conflicts)
        return await _tell(
            ctx, job, _noted(evidence, f"Meanwhile {names} changed on the base branch; start again to build on that.")
        )
    if now.base_sha != report.base_sha:
        evidence = await _on_new_base(ctx, job, evidence, now.base_sha)
    return await _deliver(ctx, job, evidence)


async def _on_new_base(ctx: Ctx, job: Job, evidence: Evidence, base_sha: str) -> Evidence:
    """Proof and gates once more where the base moved; the evidence is about what would be merged."""
    proof, report, base = evidence.proof, evidence.report, _present(evidence.baseline)
    if proof is None or report is None:
        return evidence
    fails = await ctx.step("proof-new-base", proving.still_fails, job, base_sha, proof, interruptible=True)
    if not fails:
        gone = f"On the base as it is now ({base_sha[:10]}) the new test passes without this change: fixed there."
        return _noted(evidence.model_copy(update={"proof": None}), gone)
    again = await ctx.step(
        "gate-new-base", gate_runner.gate, job, base_sha, base, proof, report.changes, interruptible=True
    )
    note = (
        f"The base moved meanwhile; the gates ran again on {base_sha[:10]}. "
        "Without the change the new test fails there."
    )
    return _noted(evidence.model_copy(update={"report": again}), note)


async def _deliver(ctx: Ctx, job: Job, evidence: Evidence) -> Outcome:
    report = evidence.report
    if report is None or evidence.proof is None or not (evidence.verified or job.policy.fix.unverified == "draft"):
        await ctx.step("discard", kept.discard, job)
        return await _tell(ctx, job, evidence)
    sha = await ctx.step("push", publication.push, job, evidence, report, retries=2)
    published = await ctx.step("pull", publication.open_pull, job, evidence, sha, retries=2)
    await ctx.step("discard", kept.discard, job)
    state: TaskState = "done" if evidence.verified else "unverified"
    return Outcome(state=state, summary=f"Opened #{published.number}", data=published.model_dump())


async def _tell(ctx: Ctx, job: Job, evidence: Evidence) -> Outcome:
    """Not verified: a comment with what was found, tried and seen, unless policy wants silence."""
    evidence = await ctx.step("account-told", publication.account, job, evidence)
    if job.policy.fix.unverified != "off":
        await ctx.step("notify", publication.notify, job, job.capability.unverified(evidence, job.task_id), retries=2)
    return Outcome(state="unverified", summary=_why(evidence))


def _why(evidence: Evidence) -> str:
    if evidence.report is not None and not evidence.report.passed:
        return "These gates did not pass: " + ", ".join(gate.name for gate in evidence.report.failed())
    if evidence.notes:
        return evidence.notes[-1]
    if evidence.judgement is not None and evidence.judgement.failing_input:
        return f"A reviewing model named an input that still fails: {evidence.judgement.failing_input}"
    return "No verified fix was found."


def _noted(evidence: Evidence, note: str) -> Evidence:
    return evidence.model_copy(update={"notes": (*evidence.notes, note)})


def _present(base: Baseline | None) -> Baseline:
    assert base is not None, "the pipeline prepares before it proves"
    return base
