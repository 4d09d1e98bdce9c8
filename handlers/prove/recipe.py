"""Declare the proof of somebody's pull request: its own new test, the gates, no model."""

from __future__ import annotations

from typing import Any

from bot.change.editor import code_and_new_tests
from bot.change.handover import end
from bot.change.proof import FailingTest, ProofAttempt
from bot.change.recipe import AnyEvidence, GateLimits, Job, ProofResult, Recipe, Rules
from bot.change.records import Brief, CodeLocation, Judgement, Proof
from bot.change.stages import Stage
from bot.engine.port import Ctx, Outcome
from bot.git.changes import Changes
from bot.github.resources.checks import CheckReport, Conclusion
from bot.policy import Policy
from handlers.prove.reading import keep, read
from handlers.prove.records import ProveBrief, ProveEvidence, ProveTask, get_brief
from handlers.prove.words import NO_PROOF, WORDS


class OwnTest(FailingTest):
    """A prover that takes the new tests which the pull request brings."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Run the new tests on the base; the gates run in any case."""
        proved = await ctx.step("prove-check", self.check_own, job, get_brief(evidence), interruptible=True)
        return ProofResult(proved.proof, note=proved.problem, fields={"made": get_brief(evidence).changes})

    async def check_own(self, job: Job[Any], brief: ProveBrief) -> ProofAttempt:
        """Judge the tests that are in files of their own."""
        await job.stage(Stage.PROVE, "started")
        mirror = await job.mirror(brief.base_sha)
        there = {entry.path for entry in await mirror.entries(brief.base_sha)}
        is_test = job.workshop(brief.base_sha).toolchain().is_test
        added = {path: text for path, text in brief.changes.files.items() if path not in there and is_test(path)}
        proved = await self.check(job, brief, Changes(files=added), 0)
        if proved.problem:
            await job.stage(Stage.PROVE, "failed", proved.problem[:300])
        return proved

    async def recognise(self, job: Job[Any], brief: Brief, proof: Proof, attempt: int) -> ProofAttempt:
        """Accept any failure: people judge whether it is the reported one."""
        reason = proof.reason or "is the pull request's own test; nobody judged whether it shows what was reported"
        return ProofAttempt(proof=proof.model_copy(update={"reason": reason}))


async def want_proof(_job: Job[ProveTask], evidence: AnyEvidence, _step: str) -> Judgement:
    """Pass what passed the gates and a new test shows; no model is asked."""
    proved = evidence.proof is not None
    return Judgement(model="", passed=proved, objection="" if proved else NO_PROOF)


async def publish(_ctx: Ctx, _job: Job[ProveTask], evidence: AnyEvidence) -> Outcome:
    """End with the evidence, which the reporter shows."""
    text, summary = WORDS.write_report(evidence), WORDS.summarise(evidence)
    failed = evidence.report is not None and not evidence.report.passed
    otherwise: Conclusion = "failure" if failed else "neutral"
    conclusion: Conclusion = "success" if evidence.verified else otherwise
    check = CheckReport(title=summary, summary=text, conclusion=conclusion)
    data = end(evidence, None, text).model_dump() | {"check": check.model_dump()}
    return Outcome(state="done" if evidence.verified else "unverified", summary=summary, data=data)


def _read_rules(policy: Policy) -> Rules:
    return Rules(policy.max_dollars("prove"))


PROVE: Recipe[ProveTask, ProveBrief, Judgement] = Recipe(
    name="prove",
    prompts="",
    words=WORDS,
    evidence=ProveEvidence,
    read=read,
    fetch=keep,
    proof=OwnTest(),
    may_edit=code_and_new_tests,
    judge=want_proof,
    may_publish=lambda _rules, _evidence: True,
    publish=publish,
    rules=_read_rules,
    gates=GateLimits(foreign=True),
    needs_model=False,
)
