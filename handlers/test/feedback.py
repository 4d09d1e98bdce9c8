"""Show a model, after each edit, what its tests notice."""

from __future__ import annotations

from collections import Counter

from bot.change.editor import NEAR
from bot.change.recipe import AnyEvidence
from bot.change.records import CodeLocation
from bot.git.changes import Changes
from bot.toolchains.events import has_failure
from bot.work.toolset import Check, show_run
from handlers.test.gates import judge_tests, list_left, measure_new_tests, name_function, read_targets
from handlers.test.invitations import find_taken_up
from handlers.test.objections import honesty_gate
from handlers.test.records import WriteTestsJob, survey_of

# faults that are listed after each edit; the first message holds more
_SHOWN = 40


def show_tests(job: WriteTestsJob, evidence: AnyEvidence, found: CodeLocation) -> Check:
    """Run the new tests after an edit, and say which of them notice what."""
    survey = survey_of(evidence)
    assert survey is not None, "without a survey nothing is edited"
    sha = evidence.brief.base_sha
    workshop = job.workshop(sha)

    async def check(changes: Changes) -> str:
        targets = workshop.toolchain().targets([path for path, text in sorted(changes.files.items()) if text])
        if not targets:
            return "The edits apply. There is no new test file."
        run = await workshop.test(changes, targets, limits=NEAR)
        shown = show_run("Your tests", run)
        if not run.complete or has_failure(run.cases):
            return shown
        targets_now = await read_targets(job, sha, survey)
        honest = honesty_gate(changes, targets_now, fuzz=job.task.input.fuzz)
        measured = await measure_new_tests(job, sha, survey, changes, 1)
        judged = judge_tests(survey, measured)
        noticed = [one for one in measured.mutants if one.counts and one.killers()]
        left = list_left(survey, measured)
        said = [f"They notice {len(noticed)} of {len(survey.mutants)} faults."]
        each = Counter(name for one in noticed for name in {name_function(test) for test in one.killers()})
        said += [f"{name} notices {number}" for name, number in each.items()]
        said += [f"Not noticed ({one.verdict}): {one.place}" for one in left[:_SHOWN]]
        written = {path: text for path, text in changes.files.items() if text is not None}
        taken = find_taken_up(survey.invitations, written)
        said += [f"Invited, and no test yet: {one.told}" for one in survey.invitations if one.told not in taken]
        said += ["To mend before you finish:"] * bool(judged.unstable or judged.idle or honest.detail)
        return "\n".join([shown, *said, *judged.unstable.values(), *judged.idle.values(), honest.detail])

    return check
