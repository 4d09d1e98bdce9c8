"""Declare a fix: a failing test first, a counterexample search last."""

from __future__ import annotations

from bot.change import issue
from bot.change.editor import code_and_new_tests
from bot.change.new_pull import NewPullRequest
from bot.change.proof import FailingTest
from bot.change.recipe import Recipe, Rules, verified_or_draft
from bot.change.records import Brief, ChangeTask
from bot.policy import Policy
from handlers.fix.judge import Counterexample, FixEvidence, judge
from handlers.fix.rules import FixRules
from handlers.fix.words import WORDS


def _read_rules(policy: Policy) -> Rules:
    rules = policy.rules(FixRules)
    return Rules(policy.max_dollars("fix"), rules.unverified, rules.rerank)


FIX: Recipe[ChangeTask, Brief, Counterexample] = Recipe(
    name="fix",
    prompts="fix",
    words=WORDS,
    evidence=FixEvidence,
    read=issue.read,
    fetch=issue.fetch,
    proof=FailingTest(),
    may_publish=verified_or_draft,
    may_edit=code_and_new_tests,
    judge=judge,
    publish=NewPullRequest(WORDS).publish,
    rules=_read_rules,
)
