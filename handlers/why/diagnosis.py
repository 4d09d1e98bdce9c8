"""Look into the repository: which files a trace names, since when it is red, and which commit may be to blame."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from bot import ci_logs
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.github.resources import ci
from bot.suspects import Place, map_frames, rank_history, rank_range
from bot.suspects.range import list_settings
from handlers.why.reading import CHECKS, Inquest, list_commits, read_log
from handlers.why.records import Diagnosis, FailedJob, RedCommit, TracedFrame

_SHOWN = 3
_TEST_FILE = re.compile(r"[\w./-]+\.\w{1,5}(?=::|:|\s|$)")


class _Failed(NamedTuple):
    """An earlier commit, and the ids of its checks that did not pass."""

    sha: str
    checks: dict[str, int]


async def diagnose(why: Inquest, red: RedCommit) -> Diagnosis:
    """Find places, range, suspects and what differs from the last green run."""
    await why.stage("look", "started")
    mirror = await (why.fetch_pull(red.base_branch) if red.number else why.mirror(red.sha))
    paths = [entry.path for entry in await mirror.entries(red.sha)]
    frames = red.trace or tuple(chain.from_iterable(job.frames for job in red.jobs))
    places = map_frames(frames, paths)
    found = Diagnosis(places=tuple(dict.fromkeys(_say(place) for place in places[:6])))
    if red.jobs:
        found = await _find_range(why, mirror, red, found)
    errors = tuple(chain.from_iterable(job.errors for job in red.jobs))
    before = found.other or found.good
    if before:
        tests = map_frames(_test_files(red), paths)
        suspects = await rank_range(mirror, before, found.bad, places, tests, errors)
        changed = await list_settings(mirror, before, found.bad)
        found = found.model_copy(
            update={
                "suspects": suspects[:_SHOWN],
                "between": len(suspects),
                "by_range": True,
                "changed": changed[:10],
                "versions": await _compare_versions(why, red, found.good) if found.good else (),
            }
        )
    elif places:
        suspects = await rank_history(mirror, red.sha, places, errors or red.errors)
        found = found.model_copy(update={"suspects": suspects[:_SHOWN]})
    await why.stage("look", "done")
    return found


async def _find_range(why: Inquest, mirror: Mirror, red: RedCommit, found: Diagnosis) -> Diagnosis:
    """Walk back to the last commit on which the failing checks passed.

    Where they failed for another cause in between, looks for the first commit with this one.
    """
    repository = why.task.repository
    checks = await why.services.github.for_repository(repository, CHECKS)
    names = {job.name for job in red.jobs}
    bad = red.sha
    failed: list[_Failed] = []
    try:
        before = (await list_commits(mirror, red.sha))[1:]
    except GitError:
        return found
    for count, sha in enumerate(before, 1):
        ended = await ci.conclusions(checks, repository, sha)
        known = {ended[name][1] for name in names if name in ended}
        if known == {"success"}:
            found = found.model_copy(update={"good": sha, "bad": bad, "checked": count})
            return await _narrow(why, red, found, failed)
        if known:
            bad = sha
            failed.append(_Failed(sha, {name: id for name, (id, said) in ended.items() if said != "success"}))
    return await _narrow(why, red, found.model_copy(update={"bad": bad, "checked": len(before)}), failed)


async def _narrow(why: Inquest, red: RedCommit, found: Diagnosis, failed: Sequence[_Failed]) -> Diagnosis:
    """Find the first commit that failed for the same cause, by its logs.

    ``failed`` are the commits before that failed too, newest first. Reads the oldest one's log and, if that tells
    another cause, bisects to where the cause changed.
    """
    known = set(chain.from_iterable(one.checks for one in failed))
    job = next((job for job in red.jobs if job.cause and job.name in known), None)
    older = [one for one in failed if job is not None and job.name in one.checks]
    if job is None or await _is_same(why, job, older[-1]):
        return found
    same, other = -1, len(older) - 1
    while other - same > 1:
        middle = (same + other) // 2
        if await _is_same(why, job, older[middle]):
            same = middle
        else:
            other = middle
    return found.model_copy(update={"bad": older[same].sha if same >= 0 else red.sha, "other": older[other].sha})


async def _is_same(why: Inquest, job: FailedJob, before: _Failed) -> bool:
    """Say whether an earlier run failed for a job's cause, or no log tells."""
    log = await read_log(why, before.checks[job.name])
    if isinstance(log, str):
        return True
    cause = await asyncio.to_thread(lambda: ci_logs.make_fingerprint(ci_logs.read_log(log.text, log.period)))
    return cause in ("", job.cause)


async def _compare_versions(why: Inquest, red: RedCommit, good: str) -> tuple[str, ...]:
    """Say which tools of the first failing job differed in its green run."""
    job = next((job for job in red.jobs if job.versions), None)
    if job is None:
        return ()
    checks = await why.services.github.for_repository(why.task.repository, CHECKS)
    passed = (await ci.conclusions(checks, why.task.repository, good)).get(job.name)
    log = await read_log(why, passed[0]) if passed is not None else ""
    if isinstance(log, str):
        return ()
    green = await asyncio.to_thread(lambda: ci_logs.find_versions(ci_logs.read_lines(log.text)))
    return ci_logs.compare_versions(green, job.versions)[:15]


def _test_files(red: RedCommit) -> Sequence[TracedFrame]:
    names = chain.from_iterable(job.tests for job in red.jobs)
    return [TracedFrame(path=match.group()) for name in names if (match := _TEST_FILE.match(name))]


def _say(place: Place) -> str:
    line = f":{place.line}" if place.line else ""
    return f"{place.path}{line}" + (f" ({place.function})" if place.function else "")
