"""Watch one issue until the bot has said how it ended, over the same REST API that people use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.github.text.markers import markers_in, without_markers
from bot.local.hosting import LocalError, LocalRun

_POLL = 1.0
_ENDED = ("Done.", "I stopped", "I did not", "I could not", "Cancelled", "I gave")


@dataclass(frozen=True)
class Ending:
    """How it ended: the last status text, the final comment if there is one, the pull request and its diff."""

    status: str
    final: str | None
    pull: dict[str, Any] | None
    diff: str


async def file_issue(run: LocalRun, title: str, body: str, label: str) -> int:
    """File the issue and put the label on it; its number."""
    issues = f"/repos/{run.repository.full_name}/issues"
    number = int((await run.request("POST", issues, {"title": title, "body": body}))["number"])
    await run.request("POST", f"{issues}/{number}/labels", {"labels": [label]})
    return number


async def until_ended(run: LocalRun, number: int, show: Callable[[str], None], *, minutes: float) -> Ending:
    """Call ``show`` with each new text of the status comment; the ending once it is there.

    An answer instead of a task is an ending too. Raises :class:`LocalError` where nothing ends within ``minutes`` or
    the bot itself ends.
    """
    deadline = asyncio.get_running_loop().time() + minutes * 60
    shown = ""
    while asyncio.get_running_loop().time() < deadline:
        parts = await _parts(run, number)
        status = parts.get("status", "")
        if status and status != shown:
            show(status)
            shown = status
        if status.startswith(_ENDED):
            return Ending(status, parts.get("final"), *await _pull(run, number))
        if "answer" in parts:
            return Ending(parts["answer"], None, None, "")
        if run.bot.returncode is not None:
            raise LocalError(f"The bot ended (exit code {run.bot.returncode}). {run.log_tail()}")
        await asyncio.sleep(_POLL)
    raise LocalError(f"Nothing ended within {minutes:g} minutes. The bot's log is {run.log}.")


async def _parts(run: LocalRun, number: int) -> dict[str, str]:
    """The bot's comments by part."""
    comments = await run.request("GET", f"/repos/{run.repository.full_name}/issues/{number}/comments")
    ours = [comment["body"] for comment in comments if comment["user"]["id"] == run.app.bot_id]
    return {marker.part: without_markers(body) for body in ours for marker in markers_in(body)}


async def _pull(run: LocalRun, number: int) -> tuple[dict[str, Any] | None, str]:
    pulls = await run.request("GET", f"/repos/{run.repository.full_name}/pulls?state=open")
    found = next((pull for pull in pulls if pull["head"]["ref"].startswith(f"forgehand/fix-{number}-")), None)
    if found is None:
        return None, ""
    files = await run.request("GET", f"/repos/{run.repository.full_name}/pulls/{found['number']}/files")
    return found, "\n".join(f"--- {file['filename']}\n{file.get('patch') or ''}" for file in files)
