"""Say what is wrong with a plan, by code: what it must have, and that all it names exists or is new."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.plans.mermaid import find_fault
from bot.plans.names import Code, NameCheck
from bot.plans.records import Plan, Specification

MOST_STEPS = 8
_MOST_FILES = 40
_SUBJECT = 72


def find_faults(plan: Plan, wanted: Specification, code: Code, may_touch: Callable[[str], str | None]) -> list[str]:
    """List what is wrong with a plan, in words for whoever writes it.

    ``may_touch`` says why a path may not be changed, or None.
    """
    found = [*_check_shape(plan, wanted), *NameCheck(plan, code).faults()]
    found += [reason for file in plan.files if (reason := may_touch(file.path)) is not None]
    fault = find_fault(plan.diagram) if plan.diagram.strip() else None
    return [*found, *([fault] if fault else [])]


def _check_shape(plan: Plan, wanted: Specification) -> Iterator[str]:
    if not 1 <= len(plan.steps) <= MOST_STEPS:
        yield f"A plan has 1 to {MOST_STEPS} steps; this one has {len(plan.steps)}."
    if not 1 <= len(plan.files) <= _MOST_FILES:
        yield f"A plan names 1 to {_MOST_FILES} files; this one names {len(plan.files)}."
    if sum(option.chosen for option in plan.options) != 1:
        yield "Exactly one of the options must be chosen."
    if not plan.tests:
        yield "The plan says nothing about tests."
    known = {file.path for file in plan.files}
    for number, step in enumerate(plan.steps, 1):
        if not step.title.strip() or "\n" in step.title or len(step.title) > _SUBJECT:
            yield f"The title of step {number} must be one line of at most {_SUBJECT} characters."
        yield from (f"Step {number} names `{path}`, which is not among the files." for path in set(step.files) - known)
        strange = set(step.requirements) - set(wanted.ids)
        yield from (f"Step {number} names {one}, which is not a requirement." for one in sorted(strange))
    met = {one for step in plan.steps for one in step.requirements}
    yield from (f"No step is for {one}." for one in wanted.ids if one not in met)
