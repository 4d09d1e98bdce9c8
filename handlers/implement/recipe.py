"""Declare an implementation: acceptance tests first, the work in steps, each requirement traced to its tests."""

from __future__ import annotations

from bot.change.editor import code_and_new_tests
from bot.change.new_pull import NewPullRequest
from bot.change.recipe import GateLimits, Recipe, Rules, verified_or_draft
from bot.change.records import ChangeTask
from bot.policy import Policy
from handlers.implement.acceptance import AcceptanceTests
from handlers.implement.gates import judge_feature
from handlers.implement.judge import judge
from handlers.implement.reading import fetch, list_steps, read
from handlers.implement.records import FeatureBrief, FeatureEvidence, Reading
from handlers.implement.rules import ImplementRules
from handlers.implement.words import WORDS


def _read_rules(policy: Policy) -> Rules:
    rules = policy.rules(ImplementRules)
    return Rules(policy.max_dollars("implement"), rules.unverified, rules.rerank)


IMPLEMENT: Recipe[ChangeTask, FeatureBrief, Reading] = Recipe(
    name="implement",
    prompts="implement",
    words=WORDS,
    evidence=FeatureEvidence,
    read=read,
    fetch=fetch,
    proof=AcceptanceTests(),
    may_publish=verified_or_draft,
    may_edit=code_and_new_tests,
    judge=judge,
    publish=NewPullRequest(WORDS).publish,
    rules=_read_rules,
    gates=GateLimits(files=60, lines=3000),
    own_gates=judge_feature,
    steps=list_steps,
)
