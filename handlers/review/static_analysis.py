"""Analyse the changed files of base and head, laid out as data."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from bot.analysis import layer
from bot.analysis.records import Analysis, NotRun
from bot.git.paths import can_name_a_file
from bot.pulls import diff as change
from bot.pulls import placeholders
from bot.pulls.diff import Review
from bot.pulls.records import ReviewPlan, Subject
from bot.pulls.rules import ReviewRules
from bot.toolchains.workspace import remove_tree
from bot.types import ForgehandError
from handlers.review import pull_request
from handlers.review.stages import Stage

_MOST = 500


async def analyse(review: Review, subject: Subject, plan: ReviewPlan) -> Analysis:
    """Return what is new on changed lines, and evidence.

    A failure is reported, and the review goes on. Where the change is not read, only the places of secrets are
    returned, because they have to be hidden all the same.
    """
    await review.stage(Stage.ANALYSE, "started")
    try:
        return await _analyse(review, subject, plan)
    except ForgehandError as error:
        return Analysis(not_run=(NotRun(tool="static analysis", reason=error.message),))


async def _analyse(review: Review, subject: Subject, plan: ReviewPlan) -> Analysis:
    diffs = await change.read_changed(review, plan)
    # What is generated, vendored or data still may hold a secret; only what the policy leaves out is left out here.
    wanted = {path: diff for path, diff in diffs.items() if not review.policy.rules(ReviewRules).ignores(path)}
    head = await change.read_contents(review, plan.head_sha, wanted)
    folder = review.services.settings.data_dir / "work" / review.task_id / "analysis"
    own = review.policy.rules(ReviewRules).analysers if pull_request.reads_change(review) else {}
    if own and not subject.from_fork:
        mirror = await review.mirror(plan.head_sha)
        await mirror.checkout(plan.merge_base, folder / "base")
        await mirror.checkout(plan.head_sha, folder / "head")
    else:
        base = await change.read_contents(review, plan.merge_base, [diff.old_path for diff in wanted.values()])
        await asyncio.to_thread(_lay_out, folder, {"base": base, "head": head})
    try:
        found = await layer.analyse(
            review.services.sandbox,
            folder / "base",
            folder / "head",
            {path: wanted[path].added_lines() for path in head},
            renamed={path: diff.old_path for path, diff in wanted.items() if diff.old_path != path},
            analysers=own,
            run_code=not subject.from_fork,
        )
        secrets = placeholders.list_secrets(found) or ()
        if not pull_request.reads_change(review):
            return Analysis(evidence=secrets, not_run=found.not_run)
        evidence = dict.fromkeys((*found.evidence[:_MOST], *secrets))
        return found.model_copy(update={"new": found.new[:_MOST], "evidence": tuple(evidence)})
    finally:
        await asyncio.to_thread(remove_tree, folder)


def _lay_out(folder: Path, trees: Mapping[str, Mapping[str, bytes]]) -> None:
    remove_tree(folder)
    for name, files in trees.items():
        (folder / name).mkdir(parents=True)
        for path, data in files.items():
            if can_name_a_file(path):
                target = folder / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
