"""Write questions and plans for GitHub. What a model wrote is shown as its own words; what code checked is said so."""

from __future__ import annotations

from collections.abc import Sequence

from bot.change.handover import DOCUMENTS
from bot.markdown import code_block, counted, inline_code, joined, listed, paragraph, table
from bot.plans.records import Draft, Plan, PlannedStep, Specification
from bot.work.results import Parts, told

_NAMED = 10
_CHECKED = (
    "Checked by code: every file and name above exists on the default branch or is marked as new, each requirement has "
    "a step, no protected path is touched"
)
_ANSWER = "Answer in one comment, by number. Whoever may start this may answer; I go on from there."
_AGAIN = "Ask again with the answers in the text."


def write_questions(specification: Specification, *, quiet: bool) -> str:
    """Write numbered questions, in one comment unless that is ``quiet``."""
    numbered = "\n".join(f"{number}. {paragraph(one)}" for number, one in enumerate(specification.questions, 1))
    return joined(
        [
            "Before I plan this I need to know:",
            numbered,
            _AGAIN if quiet else _ANSWER,
            _heading("What I understood so far", write_specification(specification)),
        ]
    )


def write_specification(specification: Specification) -> str:
    """Write the goal, the requirements with their ids, and what is assumed."""
    rows = [(one.id, paragraph(one.text), paragraph(one.acceptance)) for one in specification.requirements]
    return joined(
        [
            paragraph(specification.goal),
            table(("id", "requirement", "it holds when"), rows) if rows else "",
            _list("Assumed:", specification.assumptions),
        ]
    )


def write_plan(draft: Draft) -> str:
    """Write the whole plan."""
    plan = draft.plan
    assert plan is not None, "only a plan is shown"
    return joined(
        [
            _heading("Specification", write_specification(draft.specification)),
            _heading("Options", _write_options(plan)),
            _heading("Steps", "\n".join(f"{at}. {_write_step(step)}" for at, step in enumerate(plan.steps, 1))),
            _heading("Files", _write_files(plan)),
            code_block(plan.diagram.strip(), "mermaid") if plan.diagram.strip() else "",
            _list("**Tests**", plan.tests),
            _list("**Risks**", plan.risks),
            f"{_CHECKED}{', the diagram is well-formed' if plan.diagram.strip() else ''}.",
            _write_review(draft),
        ]
    )


def write_sub_issue(number: int, specification: Specification, step: PlannedStep) -> str:
    """Write the text of an issue that stands for one step."""
    wanted = [one for one in specification.requirements if one.id in step.requirements]
    files = ", ".join(inline_code(path) for path in step.files)
    return joined(
        [
            f"Part of #{number}.",
            paragraph(step.text),
            f"Files: {files}." if files else "",
            _list("It is done when:", [f"{one.text} {one.acceptance}" for one in wanted]),
        ]
    )


def tell_parts(draft: Draft) -> Parts:
    """Tell the five parts of a change that is only planned."""
    assert draft.plan is not None, "only a plan is told"
    documents = [one.path for one in draft.plan.files if one.path.endswith(DOCUMENTS)]
    return Parts(
        implementation=told(f"{_CHECKED}.", _tell_review(draft)),
        tests=told(otherwise="A plan holds no code, so no test was run."),
        documentation=told(
            f"It names {counted(len(documents), 'document')} to change: {listed(documents, _NAMED)}."
            if documents
            else "",
            otherwise="It names no document to change.",
        ),
        performance=told(otherwise="A plan holds no code, so nothing was timed."),
        security=told("Protected paths: no step touches one."),
    )


def write_split(plan: Plan, numbers: Sequence[int], *, below: bool) -> str:
    """Write the list of the issues that a plan was split into.

    A list of tasks where GitHub does not show them ``below`` the issue itself.
    """
    bullet = "-" if below else "- [ ]"
    lines = [f"{bullet} #{at} {paragraph(step.title)}" for at, step in zip(numbers, plan.steps, strict=True)]
    what = "sub-issues of this one" if below else "issues"
    return "\n".join([f"The plan's steps are {what} now:", "", *lines])


def _write_options(plan: Plan) -> str:
    rows = [
        (f"**{paragraph(one.title)}** (chosen)" if one.chosen else paragraph(one.title), one.gains, one.costs)
        for one in plan.options
    ]
    return table(("option", "gains", "costs"), [[paragraph(cell) for cell in row] for row in rows])


def _write_step(step: PlannedStep) -> str:
    files = ", ".join(inline_code(path) for path in step.files)
    met = f" ({', '.join(step.requirements)})" if step.requirements else ""
    return f"**{paragraph(step.title)}**{met}. {paragraph(step.text)}{f' Files: {files}.' if files else ''}"


def _write_files(plan: Plan) -> str:
    names = {file.path: [one for one in plan.names if one.path == file.path] for file in plan.files}
    rows = [
        (
            inline_code(file.path) + (" (new)" if file.new else ""),
            ", ".join(inline_code(one.name) + (" (new)" if one.new else "") for one in names[file.path]),
            paragraph(file.why),
        )
        for file in plan.files
    ]
    return table(("file", "names", "why"), rows)


def _write_review(draft: Draft) -> str:
    who = f"a second model call ({draft.reviewer})"
    if not draft.objections:
        return f"Read by {who}: no objection."
    return _list(f"Read by {who}, which objects:", draft.objections)


def _tell_review(draft: Draft) -> str:
    return f"A second model call ({draft.reviewer}) has {counted(len(draft.objections), 'objection')}."


def say_size(plan: Plan) -> str:
    """Say in a few words how large a plan is."""
    return f"{counted(len(plan.steps), 'step')}, {counted(len(plan.files), 'file')}"


def _heading(title: str, text: str) -> str:
    return f"### {title}\n\n{text}"


def _list(title: str, items: Sequence[str]) -> str:
    return "\n".join([title, "", *(f"- {paragraph(item)}" for item in items)]) if items else ""
