"""The status comment: one a task, edited in place, from what the task's steps recorded. Pure text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.github.resources.checks import Action, CheckReport, Conclusion
from bot.markdown import duration, money, paragraph

CHECK_NAME = "Forgehand review"
REVIEW_AGAIN = Action(label="Review again", description="Read the pull request once more", identifier="review-again")
FIX_THESE = Action(label="Fix these", description="Mend what is open in one commit", identifier="fix-these")


@dataclass(frozen=True)
class FlowWords:
    """What a flow says of itself: its stages in order, how to start over, how to stop it, and where it says so.

    ``unverified`` is its head where it ended without what was wanted. With a ``check`` (its name) progress is shown by
    a check run, and there is one comment at the end or none. A ``quiet`` one answers where it was asked, and only where
    it ended otherwise something else is said there. All others have one comment that is edited all the while.
    """

    stages: tuple[tuple[str, str], ...]
    again: str
    stop: str
    unverified: str = "I stopped before all was done."
    check: str | None = None
    quiet: bool = False


def _conversation(doing: str) -> FlowWords:
    stages = (("read", "Read what is asked"), ("look", "Look at the code"), ("answer", doing))
    return FlowWords(stages, again="`/retry` starts a new attempt.", stop="`/cancel` stops it.", quiet=True)


FLOWS = {
    "fix": FlowWords(
        stages=(
            ("read", "Read the issue"),
            ("find", "Find the code"),
            ("prepare", "Install and run the tests as they are"),
            ("prove", "Prove the bug with a failing test"),
            ("edit", "Fix the cause"),
            ("gate", "Check the fix in a fresh tree"),
            ("judge", "Have a second model look for a failing input"),
            ("publish", "Open a pull request"),
        ),
        again="Add the label again to start a new attempt. `/retry` does the same.",
        stop="Remove the label to stop. `/cancel` does the same.",
        unverified="I stopped without a verified fix.",
    ),
    "revise": FlowWords(
        stages=(
            ("read", "Read what is asked"),
            ("prepare", "Install and run the tests as they are"),
            ("edit", "Change the code"),
            ("gate", "Check the change in a fresh tree"),
            ("judge", "Have a second model check each demand"),
            ("publish", "Publish"),
        ),
        again="`/retry` starts a new attempt.",
        stop="`/cancel` stops it.",
    ),
    "review": FlowWords(
        stages=(
            ("read", "Read the pull request"),
            ("look", "See what changed"),
            ("analyse", "Run the analysers"),
            ("find", "Look for what is wrong"),
            ("verify", "Check each finding"),
            ("post", "Say what is proved"),
        ),
        again="`/review` starts another attempt, and so does the button of the check run.",
        stop="`/cancel` stops it.",
        check=CHECK_NAME,
    ),
    "ask": _conversation("Answer"),
    "explain": _conversation("Explain"),
    "describe": _conversation("Describe the change"),
    "improve": _conversation("Find what can be better, and check it"),
}
_HEADS = {
    "queued": "I will work on this; it is waiting for a free place.",
    "running": "I am working on this.",
    "done": "Done.",
    "refused": "I did not go on.",
    "failed": "I could not finish this.",
    "cancelled": "Cancelled.",
    "dead": "I gave this up: one step kept crashing the process that ran it.",
}
_DEAD = "Nothing more is tried by itself; the log names the step."


@dataclass(frozen=True)
class StatusView:
    """What the comment is rendered from. Times are milliseconds since the epoch; ``stages`` the ``stage`` events."""

    task: str
    flow: str
    actor: str
    state: str
    summary: str
    stages: Sequence[dict[str, Any]]
    created: int
    now: int
    dollars: float
    calls: int


def status_text(view: StatusView) -> str:
    """The comment's Markdown, without the marker."""
    head = f"{_head(view)} {view.summary}".strip()
    return "\n\n".join(part for part in (head, _checklist(view), _next(view), _foot(view)) if part)


def _head(view: StatusView) -> str:
    return FLOWS[view.flow].unverified if view.state == "unverified" else _HEADS.get(view.state, view.state)


def check_report(view: StatusView) -> CheckReport:
    """The check run of a task that is under way, or that ended without a report of its own."""
    running = view.state in {"queued", "running"}
    conclusion: Conclusion = "cancelled" if view.state == "cancelled" else "neutral"
    title = _now(view) if running else f"{_head(view)} {view.summary}".strip()
    return CheckReport(
        title=title,
        summary=status_text(view),
        conclusion=None if running else conclusion,
        actions=() if running else (REVIEW_AGAIN,),
    )


def _now(view: StatusView) -> str:
    """What is happening at the moment."""
    begun = [str(event["stage"]) for event in view.stages]
    titles = dict(FLOWS[view.flow].stages)
    return titles[begun[-1]] if begun and begun[-1] in titles else "Waiting for a free place"


def _next(view: StatusView) -> str:
    again = FLOWS[view.flow].again
    if view.state == "dead":
        return f"{_DEAD} {again}"
    return again if view.state in {"failed", "cancelled"} else ""


def _checklist(view: StatusView) -> str:
    latest = {str(event["stage"]): event for event in view.stages}
    return "\n".join(_line(view, title, latest.get(name)) for name, title in FLOWS[view.flow].stages)


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
    calls = f"{view.calls} model call{'s' if view.calls != 1 else ''}"
    stop = f" {FLOWS[view.flow].stop}" if view.state in {"queued", "running"} else ""
    return f"<sub>Asked by {view.actor}. {elapsed}, {money(view.dollars)}, {calls}.{stop}</sub>"
