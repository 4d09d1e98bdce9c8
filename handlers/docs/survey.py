"""Survey by code, before any edit: which passages are false, which docstrings lack, what a page must hold."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from bot.change.recipe import Job, ProofResult
from bot.change.records import Brief, CodeLocation
from bot.change.stages import Stage
from bot.documentation.codebase import Codebase
from bot.documentation.defects import Facts
from bot.documentation.diagrams import draw_imports
from bot.documentation.records import Defect
from bot.documentation.signatures import list_signatures
from bot.documentation.snapshot import Snapshot, read_snapshot
from bot.documentation.staleness import stale_passages
from bot.engine.port import Ctx
from bot.markdown import counted
from handlers.docs.records import DocsTask, Survey, Target
from handlers.docs.targets import read_target

_NOTHING = "Nothing false or missing was found by code in {}, so there is nothing to change."
# more than these cannot be mended, nor reviewed, at once; the next run finds the others
_MOST = 60


class Surveyor:
    """A prover that lists by code what is false or missing."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: Any, found: CodeLocation) -> ProofResult:
        """Survey the target; without a fault or a wish there is no work."""
        survey = await ctx.step("survey", look, job, evidence.brief)
        fields: dict[str, Any] = {"survey": survey}
        if evidence.baseline is not None and not evidence.baseline.passing():
            fields["baseline"] = None  # without a test that passes there is nothing to compare with
        wanted = survey.target.kind not in {"change", "files"} or len(evidence.brief.asked.split()) > 1
        if survey.defects or wanted:
            return ProofResult(fields=fields)
        return ProofResult(note=_NOTHING.format(_name(survey.target)), ended=True, fields=fields)


def _name(target: Target) -> str:
    return "what this pull request changes" if target.kind == "change" else ", ".join(target.paths)


async def look(job: Job[DocsTask], brief: Brief) -> Survey:
    """Read the files of both ends, and list what is wrong."""
    await job.stage(Stage.PROVE, "started")
    mirror = await job.mirror(brief.base_sha)
    head = await read_snapshot(mirror, brief.base_sha)
    base = await read_snapshot(mirror, brief.trusted_sha)
    survey = await asyncio.to_thread(make_survey, brief, base, head)
    await job.stage(Stage.PROVE, "done", f"{counted(len(survey.defects), 'fault')} found by code")
    return survey


def make_survey(brief: Brief, base: Snapshot, head: Snapshot) -> Survey:
    """Survey a commit; ``base`` is where a pull request left its branch."""
    code = Codebase(head)
    told = f"{brief.title}\n{brief.body}"
    target = read_target(brief.asked, code, is_pull=brief.pull is not None, told=told)
    if target.kind == "change":
        return Survey(target=target, defects=_limit(_of_change(base, code)), since=brief.trusted_sha)
    if target.kind == "architecture":
        drawn = (draw_imports(code, package) for package in _packages(code))
        return Survey(target=target, page=_page(code, "architecture"), required=tuple(drawn))
    if target.kind == "api":
        signatures = (line for package in _packages(code) for line in list_signatures(code, package))
        return Survey(target=target, page=_page(code, "api"), required=tuple(signatures))
    defects = (one for one in Facts(code).find_defects(target.paths) if _concerns(one, target))
    return Survey(target=target, defects=_limit(defects) if target.kind == "files" else ())


def list_stale(base: Snapshot, head: Snapshot) -> tuple[Defect, ...]:
    """Return a defect for each thing that a stale passage names."""
    return tuple(
        Defect(kind="stale", path=one.path, line=one.start, subject=reason, text=reason)
        for one in stale_passages(base, head)
        for reason in one.reasons
    )


def _of_change(base: Snapshot, code: Codebase) -> Iterable[Defect]:
    """Return what a change made stale, and what is false or missing since."""
    head = code.snapshot
    changed = [path for path, text in head.texts.items() if base.texts.get(path) != text]
    pages = [path for path in changed if path in head.prose or path in head.python]
    known = {one.key for one in Facts(Codebase(base)).find_defects(pages)}
    stale = list_stale(base, head)
    told = {(one.path, one.text) for one in stale}
    new = [one for one in Facts(code).find_defects(pages) if one.key not in known]
    return [*stale, *(one for one in new if (one.path, one.text) not in told)]


def _concerns(defect: Defect, target: Target) -> bool:
    """Return whether a defect is of the symbol asked for, if one was."""
    return f"{defect.subject}.".startswith(f"{target.symbol}.") if target.symbol else True


def _limit(defects: Iterable[Defect]) -> tuple[Defect, ...]:
    return tuple(defects)[:_MOST]


def _packages(code: Codebase) -> list[str]:
    return sorted(name for name in code.packages if code.module(name) is not None)


def _page(code: Codebase, name: str) -> str:
    """Return the page that has this name, or the path for a new one."""
    pages = (path for path in sorted(code.snapshot.prose) if path.rpartition("/")[2].lower() == f"{name}.md")
    return next(pages, f"docs/{name}.md")
