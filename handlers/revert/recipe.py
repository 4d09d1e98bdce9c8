"""Declare a revert: made by git, judged by the gates, no model."""

from __future__ import annotations

from typing import Any

from bot.change.editor import code_and_new_tests
from bot.change.judge import ask_nobody
from bot.change.new_pull import NewPullRequest
from bot.change.recipe import AnyEvidence, GateLimits, Job, ProofResult, Recipe, Rules
from bot.change.records import CodeLocation, Judgement
from bot.engine.port import Ctx
from bot.policy import Policy
from handlers.revert.confirmation import confirm
from handlers.revert.reading import keep, read
from handlers.revert.records import RevertBrief, RevertEvidence, RevertTask, get_brief
from handlers.revert.words import WORDS


class TakenBack:
    """A prover that hands on what git has made."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult:
        """Let nobody edit the change."""
        return ProofResult(fields={"made": get_brief(evidence).reversal.changes})


def may_publish(_rules: Rules, evidence: AnyEvidence) -> bool:
    """Allow a draft where only tests speak against it, so that people decide."""
    report = evidence.report
    return report is not None and {gate.name for gate in report.failed()} <= {"regressions"}


def _read_rules(policy: Policy) -> Rules:
    return Rules(policy.max_dollars("revert"))


REVERT: Recipe[RevertTask, RevertBrief, Judgement] = Recipe(
    name="revert",
    prompts="",
    words=WORDS,
    evidence=RevertEvidence,
    read=read,
    fetch=keep,
    proof=TakenBack(),
    may_edit=code_and_new_tests,
    judge=ask_nobody,
    may_publish=may_publish,
    publish=NewPullRequest(WORDS).publish,
    rules=_read_rules,
    gates=GateLimits(restores=True),
    own_gates=confirm,
    needs_model=False,
    about_closed=True,
)
