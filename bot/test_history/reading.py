"""Fetch what CI reported of the default branch and the merge queue since the last time, and store it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal

from bot.github.api.client import Client
from bot.github.resources import artifacts
from bot.github.resources.artifacts import Artifact, ArtifactRefused, Run
from bot.store import test_outcomes
from bot.store.store import Store
from bot.store.test_outcomes import StoredOutcome, StoredReport
from bot.test_history.names import normalise
from bot.test_history.records import Observation
from bot.test_history.reports import JobReport, is_report, read_report
from bot.types import Repository

# artifacts that one reading looks at, and of these how many are downloaded
_LISTED = 200
_READ = 40
_LARGEST = 16 * 1024 * 1024
# A run that ended so has told nothing of its tests.
_DIED = {"cancelled", "timed_out", "startup_failure", "action_required", "stale"}
_QUEUE = "gh-readonly-queue/"
Place = Literal["branch", "queue"]


async def read_new(client: Client, store: Store, repository: Repository) -> int:
    """Store the reports that are new; return how many.

    Each artifact is one job of one attempt on one commit, and is read once. Expired ones are lost. Safe to repeat.
    """
    known = await store.run(test_outcomes.list_sources, repository.id)
    listed = [one async for one in artifacts.list_artifacts(client, repository, _LISTED)]
    count = 0
    for artifact in reversed(listed):  # the oldest first: passes are kept from a test's first failure on
        place = _find_place(artifact, repository.default_branch)
        source = f"artifact:{artifact.id}"
        if place is None or artifact.expired or artifact.size > _LARGEST or source in known:
            continue
        run = await artifacts.get_run(client, repository, artifact.run)
        if run.status != "completed":
            continue  # it may run again, or still fail
        read = await _read(client, repository, artifact, run)
        if read is None:
            continue
        stored = StoredReport(
            source=source,
            variant=artifact.name,
            place=place,
            sha=artifact.head_sha,
            tree=run.tree,
            at=_to_ms(artifact.created),
            tests=len(read.passed) + len(read.failed),
            left_out=read.left_out,
        )
        await store.run(test_outcomes.add_report, repository.id, stored, read.failed, read.passed)
        count += 1
        if count == _READ:
            break
    return count


async def _read(client: Client, repository: Repository, artifact: Artifact, run: Run) -> JobReport | None:
    """Return what an artifact reports, None where it is gone."""
    if run.conclusion in _DIED:
        return JobReport(left_out=f"the run ended as {run.conclusion}")
    content = await artifacts.download(client, repository, artifact.id)
    if content is None:
        return None
    try:
        return await asyncio.to_thread(lambda: read_report(artifacts.read_files(content, is_report)))
    except ArtifactRefused as error:
        return JobReport(left_out=error.message)


def _find_place(artifact: Artifact, branch: str) -> Place | None:
    """Return where a run was that counts: no fork, no other branch."""
    if not artifact.own:
        return None
    if artifact.head_branch == branch:
        return "branch"
    return "queue" if artifact.head_branch.startswith(f"{_QUEUE}{branch}/") else None


def _to_ms(stamp: str) -> int:
    try:
        return int(datetime.fromisoformat(stamp).timestamp() * 1000)
    except ValueError:
        return 0


def group(outcomes: list[StoredOutcome]) -> dict[tuple[str, str, str], list[Observation]]:
    """Return observations by test, variant and place.

    Each of these has a history of its own. Names are normalised, since two reports may write one differently.
    """
    found: dict[tuple[str, str, str], list[Observation]] = {}
    for one in outcomes:
        key = (normalise(one.test), one.variant, one.place)
        seen = Observation(sha=one.sha, tree=one.tree, passed=one.passed, at=one.at)
        found.setdefault(key, []).append(seen)
    return found
