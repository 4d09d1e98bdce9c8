"""Say what shows that a test is flaky: CI's history or an examination. Nobody's word does."""

from __future__ import annotations

from typing import Any

from bot.change.recipe import Job
from bot.change.records import Brief
from bot.change.stages import Stage
from bot.flakiness.records import FLAKY, Examination
from bot.markdown import inline_code
from bot.quarantine.nearness import find_file, find_guarded
from bot.store import test_outcomes
from bot.store.database import now_ms
from bot.store.store import Store
from bot.test_history.names import normalise
from bot.test_history.rules import is_flaky
from bot.types import JsonModel
from handlers.flaky.report import judge_all

# an examination counts so long
_FRESH_MS = 14 * 86_400_000


class Facts(JsonModel):
    """Evidence that a test is flaky, or in words the ``problem``."""

    test: str = ""
    shown: str = ""
    problem: str = ""


async def find_known(job: Job[Any], name: str) -> Facts:
    """Look for the test that is meant in what is known of its repository."""
    facts = await look_up(job.services.store, job.task.repository.id, name)
    await job.stage(Stage.FIND, "done")
    return facts


async def look_up(store: Store, number: int, name: str) -> Facts:
    """Look for a test in what CI told and what was examined lately.

    ``number`` is its repository's.
    """
    wanted = normalise(name)
    outcomes = await store.run(test_outcomes.list_outcomes, number)
    judged = {key: found for key, found in judge_all(outcomes).items() if key[0] == wanted}
    broken = next((one.reason for found in judged.values() for one in found if one.state == "broken"), "")
    if broken:
        return Facts(problem=f"{inline_code(name)} is broken, not flaky: {broken}. Fix it, or revert what broke it.")
    for found in judged.values():
        if is_flaky(found):
            return Facts(test=name, shown="; ".join(one.reason for one in found if one.state == "flaky"))
    examined = await store.run(test_outcomes.list_examined, number)
    for one in examined:
        if one.test == wanted and one.kind in FLAKY and now_ms() - one.at < _FRESH_MS:
            return Facts(test=name, shown=f"{one.kind}: {one.data.get('reason', '')}")
    return Facts()


def judge_examined(found: Examination) -> Facts:
    """Return what an examination shows; only a flaky test may be quarantined."""
    if not found.flaky:
        return Facts(problem=f"{inline_code(found.test)} is not quarantined: {found.kind}. {found.reason}")
    return Facts(test=found.test, shown=f"{found.kind}: {found.reason}")


async def find_guard(job: Job[Any], brief: Brief, test: str) -> str:
    """Say how a test guards what the pull request changes, "" where not."""
    if brief.pull is None:
        return ""
    mirror = await job.mirror(brief.base_sha)
    paths = [entry.path for entry in await mirror.entries(brief.base_sha)]
    file = find_file(test, paths)
    text = await mirror.read(brief.base_sha, file) if file in paths else None
    toolchain = job.workshop(brief.base_sha).toolchain()
    return find_guarded(test, brief.pull.changed, {file: text or ""}, toolchain.is_test)
