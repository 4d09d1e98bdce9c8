"""Watch the task of an issue until it has ended and has its comments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.github.text.markers import markers_in, without_markers
from bot.local.hosting import LocalError, LocalRun
from bot.store import tasks
from bot.store.tasks import Task

_POLL = 1.0


@dataclass(frozen=True)
class Ending:
    """The end of a task as GitHub shows it; no ``state``: only an answer."""

    state: str
    status: str
    final: str | None
    pull: dict[str, Any] | None
    diff: str


async def file_issue(run: LocalRun, title: str, body: str, label: str) -> int:
    """File the issue, label it and return its number."""
    issues = f"/repos/{run.repository.full_name}/issues"
    number = int((await run.request("POST", issues, {"title": title, "body": body}))["number"])
    await run.request("POST", f"{issues}/{number}/labels", {"labels": [label]})
    return number


async def until_ended(run: LocalRun, number: int, show: Callable[[str], None], *, minutes: float) -> Ending:
    """Wait for the end or an answer; show status texts. Raises LocalError."""
    deadline = asyncio.get_running_loop().time() + minutes * 60
    shown = ""
    while asyncio.get_running_loop().time() < deadline:
        found = await run.store.run(tasks.find, run.repository.id, number)
        task = next(iter(found), None)
        comments = await run.request("GET", f"/repos/{run.repository.full_name}/issues/{number}/comments")
        ours = [comment["body"] for comment in comments if comment["user"]["id"] == run.app.bot_id]
        parts = {marker.part: without_markers(body) for body in ours for marker in markers_in(body)}
        status = parts.get("status", "")
        if status and status != shown:
            show(status)
            shown = status
        if task is not None and task.posted.get("closed"):
            return Ending(task.state, status, parts.get("final"), *await _pull(run, task))
        if task is None and "answer" in parts:
            return Ending("", parts["answer"], None, None, "")
        if run.bot.returncode is not None:
            raise LocalError(f"The bot ended (exit code {run.bot.returncode}). {run.log_tail()}")
        await asyncio.sleep(_POLL)
    raise LocalError(f"The task did not end within {minutes:g} minutes. The bot's log: {run.log}")


async def _pull(run: LocalRun, task: Task) -> tuple[dict[str, Any] | None, str]:
    """Return the pull request that the task opened, and its diff."""
    number = task.data.get("number")
    if number is None:
        return None, ""
    pulls = f"/repos/{run.repository.full_name}/pulls"
    files = await run.request("GET", f"{pulls}/{number}/files")
    diff = "\n".join(f"--- {file['filename']}\n{file.get('patch') or ''}" for file in files)
    return await run.request("GET", f"{pulls}/{number}"), diff
