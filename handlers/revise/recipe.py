"""Declare the revision: demands of people and checks, met by one commit on the pull request."""

from __future__ import annotations

from bot.change.editor import code_and_new_tests
from bot.change.recipe import Recipe, Rules
from bot.policy import Policy
from handlers.revise import demands, words
from handlers.revise.failed_checks import FailingChecks
from handlers.revise.judge import judge
from handlers.revise.publication import publish
from handlers.revise.records import Answers, Revised, RevisionTask, Wanted, publishable


def _rules(policy: Policy) -> Rules:
    return Rules(policy.max_dollars("revise"))


REVISE: Recipe[RevisionTask, Wanted, Answers] = Recipe(
    name="revise",
    prompts="revise",
    words=words,
    evidence=Revised,
    read=demands.read,
    fetch=demands.fetch,
    proof=FailingChecks(),
    may_publish=publishable,
    may_edit=code_and_new_tests,
    judge=judge,
    publish=publish,
    rules=_rules,
)
