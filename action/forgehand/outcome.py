"""Tell how it ended: outputs, the job's summary, what fails the step.

Outputs are ours or have a checked form. The summary shows others' text literally, and is cut to what the runner takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .api import NAME, TASK_ID, Json, checked
from .log import CONTROL

_SUMMARY_BYTES = 900 * 1024  # the runner refuses summaries above 1 MiB
_PULL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/pull/[0-9]+")
_PASSING = frozenset({"BudgetExceeded", "ModelBusy", "ModelDown", "ModelQuota", "GitHubDown", "RateLimited"})
WAITING = frozenset({"awaiting_answer", "awaiting_approval", "awaiting_key"})
_STATES = frozenset({"queued", "running", "done", "unverified", "refused", "failed", "cancelled", "dead"}) | WAITING


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    ``state`` is a task's, or ``denied`` (it was refused before there was one), ``outage`` or ``skipped``. ``passing``:
    what went wrong passes by itself. ``words`` and ``report`` are others' text, ``dollars`` what models cost.
    """

    state: str
    words: str
    name: str = ""
    task: str = ""
    number: int | None = None
    url: str = ""
    pull: str = ""
    published: bool = False
    dollars: float = 0.0
    calls: int = 0
    seconds: float = 0.0
    report: str = ""
    passing: bool = False

    @classmethod
    def of_task(cls, view: Json, result: Json | None, url: str) -> Outcome:
        """Make one of a task and its result, as the API shows them."""
        result = result or {}
        data = result.get("data") if isinstance(result.get("data"), dict) else {}
        cost = result.get("cost") or view.get("cost") or {}
        state = str(view.get("state"))
        number = view.get("number")
        return cls(
            state=state if state in _STATES else "failed",
            words=str(result.get("summary") or view.get("summary") or ""),
            name=checked(NAME, view.get("task")),
            task=checked(TASK_ID, view.get("id")),
            number=number if isinstance(number, int) else None,
            url=url,
            pull=checked(_PULL, result.get("pull_request")),
            published=bool(result.get("head_sha") or result.get("branch")),
            dollars=_number(cost.get("micro_dollars")) / 1_000_000,
            calls=int(_number(cost.get("model_calls"))),
            seconds=_seconds(view.get("created_at"), view.get("ended_at")),
            report=str(result.get("report") or ""),
            passing=(data or {}).get("error") in _PASSING,
        )

    @property
    def level(self) -> int:
        """Return from which level of ``fail-on`` on this is a failure, 0: never."""
        if self.state in {"done", "skipped"} | WAITING:
            return 0
        if self.state == "denied":
            return 1
        if self.state == "outage" or self.passing:
            return 4
        return 3 if self.state in {"unverified", "refused"} else 2

    @property
    def title(self) -> str:
        """Return one line about it, all of it ours."""
        where = f" on #{self.number}" if self.number is not None else ""
        return f"{self.name}{where}: {self.state.replace('_', ' ')}".removeprefix(": ")

    def outputs(self) -> dict[str, str]:
        """Return the step's outputs; none of them holds text of others."""
        verified = self.state == "done" and self.published
        return {
            "task": self.task,
            "state": self.state,
            "url": self.url,
            "pull-request": self.pull,
            "verified": "true" if verified else "false",
            "cost": f"{self.dollars:.6f}".rstrip("0").rstrip("."),
        }

    def summary(self) -> str:
        """Return the Markdown of the job's summary."""
        rows = [f"### Forgehand: {self.title}", ""]
        if self.task:
            cost = f"${self.dollars:.2f}, {self.calls} model calls"
            rows += ["| task | pull request | cost | time |", "| --- | --- | --- | --- |"]
            rows += [f"| [`{self.task}`]({self.url}) | {self.pull or 'none'} | {cost} | {self.seconds:.1f} s |", ""]
        return "\n".join(rows + [_fenced(text) for text in (self.words, self.report) if text.strip()])


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) and value >= 0 else 0.0


def _seconds(begun: Any, ended: Any) -> float:
    try:
        first, last = (datetime.fromisoformat(each.replace("Z", "+00:00")) for each in (begun, ended))
        return (last - first).total_seconds()
    except (AttributeError, TypeError, ValueError):
        return 0.0


def _fenced(text: str) -> str:
    """Return text as a page shows it literally: no link, no picture, no HTML."""
    lines = CONTROL.sub("", text).strip().splitlines()
    longest = max((len(found) for line in lines for found in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence, ""])


def cut_summary(text: str) -> str:
    """Return a summary that the runner takes: whole lines of it, and a note where some are left out."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= _SUMMARY_BYTES:
        return raw.decode()
    kept = raw[:_SUMMARY_BYTES].decode("utf-8", "ignore").rpartition("\n")[0]
    opened = [line for line in kept.splitlines() if re.fullmatch("`{3,}(text)?", line)]
    closing = opened[-1].removesuffix("text") if opened and opened[-1].endswith("text") else ""
    return f"{kept}\n{closing}\n\nCut here: the summary of a step holds 1 MiB.\n"
