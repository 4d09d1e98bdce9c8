"""Define what a proof of somebody's pull request rests on, stored as JSON."""

from __future__ import annotations

from bot.change.recipe import AnyEvidence
from bot.change.records import Brief, Evidence, Judgement
from bot.git.changes import NO_CHANGES, Changes
from bot.work.origin import Request, TaskInput

ProveTask = Request[TaskInput]


class ProveBrief(Brief):
    """Request to judge a pull request; ``base_sha`` is where it left its base."""

    head_sha: str
    changes: Changes = NO_CHANGES


class ProveEvidence(Evidence[ProveTask, ProveBrief, Judgement]):
    """Evidence of somebody's pull request."""


def get_brief(evidence: AnyEvidence) -> ProveBrief:
    """Return the brief of such evidence."""
    assert isinstance(evidence, ProveEvidence), "only what somebody else made is told as that"
    return evidence.brief
