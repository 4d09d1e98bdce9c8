"""Render a task's status comment and check run from recorded steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.dispatch.spec import TaskSpec
from bot.github.resources.checks import CheckReport, Conclusion
from bot.markdown import duration, expense, joined, paragraph

_HEADS = {
    "queued": "Queued: waiting for a free worker.",
    "running": "Working on this.",
    "done": "Done.",
    "refused": "Stopped.",
    "failed": "Failed.",
    "cancelled": "Cancelled.",
    "awaiting_answer": "Waiting for answers.",
    "awaiting_approval": "Waiting for approval.",
    "awaiting_key": "Waiting for a key.",
    "dead": "Gave up: the server ended again and again during one step.",
}
_NEXT = {
    "awaiting_answer": "Answer in a comment below to have it go on, or comment `/cancel`.",
    "awaiting_approval": "Comment `/approve` to have it go on, or `/cancel`.",
    "awaiting_key": "It goes on by itself, from here, as soon as there is one; `/cancel` ends the waiting.",
}
_DEAD = "Nothing is retried automatically; the server's log names the step."


@dataclass(frozen=True)
class StatusView:
    """The data of a status comment; times in milliseconds since the epoch."""

    task: str
    spec: TaskSpec[Any]
    actor: str
    state: str
    summary: str
    stages: Sequence[dict[str, Any]]
    created: int
    now: int
    dollars: float
    calls: int
    before: int | None = 0  # tasks before a queued one; None: it waits for one that writes to the same branch
    notices: Sequence[str] = ()  # of soft limits that the task's calls have reached
    page: str = ""  # the address of the task's page, where the server has a public one


def status_text(view: StatusView) -> str:
    """Render the Markdown of the comment, without the marker."""
    head = f"{_head(view)} {view.summary}".strip()
    latest = {str(event["stage"]): event for event in view.stages}
    checklist = "\n".join(_line(view, title, latest.get(name)) for name, title in view.spec.stages.items())
    return joined((head, checklist, *view.notices, _next_step(view), _foot(view)))


def _next_step(view: StatusView) -> str:
    """Say how to go on where a person has to."""
    if view.state == "dead":
        return f"{_DEAD} {view.spec.again}"
    return view.spec.again if view.state in {"failed", "cancelled"} else _NEXT.get(view.state, "")


def _head(view: StatusView) -> str:
    if view.state == "queued" and view.before != 0:
        return _tell_place(view.before)
    return view.spec.unverified if view.state == "unverified" else _HEADS.get(view.state, view.state)


def _tell_place(before: int | None) -> str:
    """Say what a queued task waits for; repositories take turns."""
    if before is None:
        return "Queued: waiting for another task that changes the same branch."
    return "Queued: 1 task is before this one." if before == 1 else f"Queued: {before} tasks are before this one."


def check_report(view: StatusView) -> CheckReport:
    """Render the check run of a task under way or without a report."""
    running = view.state in {"queued", "running"}
    conclusion: Conclusion = "cancelled" if view.state == "cancelled" else "neutral"
    title = f"{_head(view)} {view.summary}".strip()
    if running:
        stage = str(view.stages[-1]["stage"]) if view.stages else ""
        title = view.spec.stages.get(stage, "Waiting for a free worker" if view.before == 0 else _head(view))
    return CheckReport(
        title=title,
        summary=status_text(view),
        conclusion=None if running else conclusion,
        actions=() if running or not view.spec.doors.buttons else (view.spec.doors.buttons[0].action,),
    )


def _line(view: StatusView, title: str, event: dict[str, Any] | None) -> str:
    if event is None:
        return f"- [ ] {title}"
    text = f": {paragraph(str(event['text']))}" if event.get("text") else ""
    if event["state"] == "done":
        return f"- [x] {title}{text}"
    if event["state"] == "failed":
        return f"- [ ] {title} (not passed){text}"
    now = " ← now" if view.state == "running" else " (not finished)"
    return f"- [ ] **{title}**{now}{text}"


def _foot(view: StatusView) -> str:
    elapsed = duration((view.now - view.created) / 1000)
    stop = f" {view.spec.stop}" if view.state in {"queued", "running"} else ""
    page = f" [Details]({view.page})." if view.page else ""
    return f"<sub>Asked by {view.actor}. {elapsed}, {expense(view.dollars, view.calls)}.{page}{stop}</sub>"
