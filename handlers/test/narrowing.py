"""Leave out new tests that do not earn their place, where others do."""

from __future__ import annotations

from collections.abc import Mapping

from bot.change.recipe import AnyEvidence, Narrowed
from bot.git.changes import Changes
from handlers.test.dropping import drop_tests, find_test
from handlers.test.gates import ORDERS, judge_tests, measure_new_tests, read_targets
from handlers.test.objections import list_objections
from handlers.test.records import WriteTestsJob, survey_of


async def leave_out_bad_tests(
    job: WriteTestsJob, evidence: AnyEvidence, base_sha: str, changes: Changes
) -> Narrowed | None:
    """Return the tests that pass by themselves.

    None where there is none, or nothing to leave out.
    """
    survey = survey_of(evidence)
    assert survey is not None, "without a survey nothing was edited"
    bad = find_dishonest(changes, await read_targets(job, base_sha, survey), fuzz=job.task.input.fuzz)
    rest = drop_tests(changes, bad)
    if not rest.files:
        return None
    judged = judge_tests(survey, await measure_new_tests(job, base_sha, survey, rest, ORDERS))
    found = judged.unstable | judged.idle
    rest = drop_tests(rest, found)
    dropped = (*bad.values(), *found.values())
    return Narrowed(rest, dropped) if dropped and rest.files and set(judged.functions) - set(found) else None


def find_dishonest(changes: Changes, targets: Mapping[str, str], *, fuzz: bool) -> dict[str, str]:
    """Return tests that reading refuses, by name, with why.

    What stands in no test is held against its whole file.
    """
    found: dict[str, str] = {}
    for path, one in list_objections(changes, targets, fuzz=fuzz):
        test = find_test(changes.files[path] or "", one.line) if one.line else ""
        name = f"{path}::{test}" if test else path
        found.setdefault(name, f"{name}: {one.why}")
    return found
