"""Turn an issue into a specification: requirements with ids, and what must be asked first."""

from __future__ import annotations

from typing import Any

from bot.change.conversation import render_system
from bot.change.recipe import Job
from bot.change.records import Brief, CodeLocation
from bot.markdown import counted
from bot.models.port import ModelError, Tool
from bot.models.structured import STRING, array_of, closed_object
from bot.plans.customs import Customs
from bot.plans.records import Draft, Requirement, Specification
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.plan.history import digest
from handlers.plan.stages import PlanStage

MOST_QUESTIONS = 6
_MOST = 12
# what is still unclear then becomes an assumption that the plan tells
_ASKED = 2
_TURNS = 12
_SAID = 600
_ANSWER = Tool(
    name="specify",
    description="Give the specification; it ends your work.",
    parameters=closed_object(
        goal=STRING,
        requirements=array_of(closed_object(text=STRING, acceptance=STRING)),
        assumptions=array_of(STRING),
        questions=array_of(STRING),
    ),
)


async def specify(job: Job[Any], brief: Brief, found: CodeLocation, customs: Customs, known: Draft | None) -> Draft:
    """Ask a model for the specification, or for what it has to know first.

    Raises :class:`ModelError` where it comes to none.
    """
    await job.stage(PlanStage.SPECIFY, "started")
    asked = known.asked if known is not None else 0
    may_ask = asked < _ASKED
    prompt = render(
        "plan/specify.md.j2",
        brief=brief,
        found=found,
        facts=customs.facts(),
        known=known.specification if known is not None else None,
        may_ask=may_ask,
        most=MOST_QUESTIONS,
    )
    inquiry = Inquiry(job, "specify", "fix", render_system(job, brief, found), brief.base_sha, _ANSWER, turns=_TURNS)
    said = await inquiry.ask(prompt)
    if said.arguments is None:
        raise ModelError(f"This gave no specification: {said.problem}.")
    specification = _read(said.arguments, may_ask=may_ask)
    questions = len(specification.questions)
    told = f"{counted(len(specification.requirements), 'requirement')}, {counted(questions, 'open question')}"
    await job.stage(PlanStage.SPECIFY, "done", told)
    return Draft(
        issue=digest(job.task),
        text=job.task.asked or (known.text if known is not None else ""),
        specification=specification,
        asked=asked + bool(questions),
    )


def _read(arguments: dict[str, Any], *, may_ask: bool) -> Specification:
    """Read the model's answer; ids are given by code."""
    rows = [row for row in arguments["requirements"] if isinstance(row, dict)][:_MOST]
    requirements = tuple(
        Requirement(id=f"R{number}", text=_line(row.get("text")), acceptance=_line(row.get("acceptance")))
        for number, row in enumerate(rows, 1)
    )
    questions = _lines(arguments["questions"])[:MOST_QUESTIONS]
    assumptions = _lines(arguments["assumptions"])
    if not requirements and not questions:
        raise ModelError("This gave no specification: it names no requirement.")
    return Specification(
        goal=_line(arguments["goal"]),
        requirements=requirements,
        assumptions=assumptions if may_ask else (*assumptions, *(f"Not answered: {one}" for one in questions)),
        questions=questions if may_ask else (),
    )


def _line(value: object) -> str:
    return " ".join(str(value or "").split())[:_SAID]


def _lines(values: list[object]) -> tuple[str, ...]:
    return tuple(text for value in values[:_MOST] if (text := _line(value)))
