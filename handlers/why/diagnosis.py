"""Look into the repository: which files a trace names, since when it is red, and whose commit it may be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import chain

from bot import ci_logs
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.github.resources import ci
from bot.suspects import Place, map_frames, rank_history, rank_range
from bot.suspects.range import list_settings
from handlers.why.reading import CHECKS, Inquest, list_commits, read_log
from handlers.why.records import Diagnosis, RedCommit, TracedFrame

_SHOWN = 3
_TEST_FILE = re.compile(r"[\w./-]+\.\w{1,5}(?=::|:|\s|$)")


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
    if found.good:
        tests = map_frames(_test_files(red), paths)
        suspects = await rank_range(mirror, found.good, found.bad, places, tests, errors)
        changed = await list_settings(mirror, found.good, found.bad)
        found = found.model_copy(
            update={
                "suspects": suspects[:_SHOWN],
                "between": len(suspects),
                "by_range": True,
                "changed": changed[:10],
                "versions": await _compare_versions(why, red, found.good),
            }
        )
    elif places:
        suspects = await rank_history(mirror, red.sha, places, errors or red.errors)
        found = found.model_copy(update={"suspects": suspects[:_SHOWN]})
    await why.stage("look", "done")
    return found


async def _find_range(why: Inquest, mirror: Mirror, red: RedCommit, found: Diagnosis) -> Diagnosis:
    """Walk back to the last commit on which the failing checks passed."""
    repository = why.task.repository
    checks = await why.services.github.for_repository(repository, CHECKS)
    names = {job.name for job in red.jobs}
    bad = red.sha
    try:
        before = (await list_commits(mirror, red.sha))[1:]
    except GitError:
        return found
    for count, sha in enumerate(before, 1):
        ended = {name: said for name, (_, said) in (await ci.conclusions(checks, repository, sha)).items()}
        known = {ended[name] for name in names if name in ended}
        if known == {"success"}:
            return found.model_copy(update={"good": sha, "bad": bad, "checked": count})
        if known:
            bad = sha
    return found.model_copy(update={"bad": bad, "checked": len(before)})


async def _compare_versions(why: Inquest, red: RedCommit, good: str) -> tuple[str, ...]:
    """Say which tools of the first failing job were others in its green run."""
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
