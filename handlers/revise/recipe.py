"""Declare a revision: demands of people and checks, met by one commit."""

from __future__ import annotations

from bot.change.editor import code_and_new_tests
from bot.change.recipe import Recipe, Rules
from handlers.revise import demands, words
from handlers.revise.failed_checks import FailingChecks
from handlers.revise.judge import judge
from handlers.revise.publication import publish
from handlers.revise.records import Answers, RevisionBrief, RevisionEvidence, RevisionTask, is_publishable

REVISE: Recipe[RevisionTask, RevisionBrief, Answers] = Recipe(
    name="revise",
    prompts="revise",
    words=words,
    evidence=RevisionEvidence,
    read=demands.read,
    fetch=demands.fetch,
    proof=FailingChecks(),
    may_publish=is_publishable,
    may_edit=code_and_new_tests,
    judge=judge,
    publish=publish,
    rules=lambda policy: Rules(policy.max_dollars("revise")),
)
