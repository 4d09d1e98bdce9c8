"""Read every check of a commit that ended, with the notes that it left on lines."""

from __future__ import annotations

from datetime import datetime

from bot.github.api.client import Client, within
from bot.types import JsonModel, Repository


class EndedCheck(JsonModel):
    """A check run that passed or failed, with the number of its ``notes``."""

    id: int
    name: str
    app: str
    passed: bool
    at: int  # ms
    notes: int


async def list_commits(client: Client, repository: Repository, branch: str, most: int) -> list[tuple[str, str]]:
    """Return sha and tree of a branch's newest commits."""
    where = within(repository, sha=branch, per_page=most)
    found = await client.get("/repos/{owner}/{repo}/commits{?sha,per_page}", where)
    return [(str(one["sha"]), str(one["commit"]["tree"]["sha"])) for one in found]


async def list_ended(client: Client, repository: Repository, sha: str, most: int) -> list[EndedCheck]:
    """Return the checks of a commit that passed or failed, of all attempts."""
    url = "/repos/{owner}/{repo}/commits/{sha}/check-runs{?filter,per_page}"
    found = client.items(url, within(repository, sha=sha, filter="all", per_page=most), key="check_runs")
    return [
        EndedCheck(
            id=int(run["id"]),
            name=str(run.get("name") or "")[:200],
            app=str((run.get("app") or {}).get("slug") or ""),
            passed=run["conclusion"] == "success",
            at=int(datetime.fromisoformat(str(run["completed_at"])).timestamp() * 1000),
            notes=int((run.get("output") or {}).get("annotations_count") or 0),
        )
        async for run in found
        if run.get("conclusion") in {"success", "failure"} and run.get("completed_at")
    ][:most]


async def list_notes(client: Client, repository: Repository, check: int, most: int) -> list[str]:
    """Return title and message of a check's annotations that say failure."""
    url = "/repos/{owner}/{repo}/check-runs/{id}/annotations{?per_page}"
    found = await client.get(url, within(repository, id=check, per_page=most))
    bad = [one for one in found if one.get("annotation_level") == "failure"]
    return [f"{one.get('title') or ''}\n{one.get('message') or ''}" for one in bad]
