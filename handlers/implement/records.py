"""Define what an implementation's steps hand on, beside what every change has."""

from __future__ import annotations

from bot.change.records import Brief, ChangeTask, Evidence, Judgement
from bot.plans.records import Plan, Specification
from bot.types import JsonModel


class FeatureBrief(Brief):
    """Cleaned request with the plan that it is done by."""

    specification: Specification
    plan: Plan


class RequirementAnswer(JsonModel):
    """Second model's word on one requirement."""

    id: str
    met: bool
    why: str


class Reading(Judgement):
    """Second model's answers by requirement; ``passed`` where all are met."""

    answers: tuple[RequirementAnswer, ...] = ()


FeatureEvidence = Evidence[ChangeTask, FeatureBrief, Reading]
