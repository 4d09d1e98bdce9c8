"""Look at a head for what it lacks, and show it in one check run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from bot.dispatch.spec import Doors, Shown, TaskSpec, Writes
from bot.documentation.snapshot import Snapshot, read_snapshot
from bot.engine.port import Ctx, Outcome
from bot.github.api.scopes import CHECKS, READ_CODE
from bot.github.resources import checks
from bot.github.resources.checks import CheckReport
from bot.markdown import counted, inline_code
from bot.work.results import Ending, Parts, told
from bot.work.services import Services
from handlers.companions.beside import HISTORY, find_beside
from handlers.companions.buttons import ACTIONS, MOST
from handlers.companions.records import CompanionsInput, CompanionsTask, Missing, Missings, Stage
from handlers.companions.rules import CompanionsRules
from handlers.companions.untested import find_untested

CHECK_NAME = "Forgehand companions"
# so many of one kind are listed; the rest is counted
_LISTED = 10


async def run(ctx: Ctx, services: Services, request: CompanionsTask) -> Outcome:
    """Look, then show what is missing, if anything is."""
    missing = await ctx.step("look", look, services, request, retries=2)
    data = Ending(parts=tell_parts(missing.found)).model_dump()
    if not missing.found:
        return Outcome(state="done", summary="Nothing is missing.", data=data)
    await ctx.step("show", show, services, ctx.task_id, request, missing, retries=2)
    return Outcome(state="done", summary=f"Named {counted(len(missing.found), 'missing companion')}.", data=data)


async def look(services: Services, request: CompanionsTask) -> Missings:
    """Compare the head with where it left its base branch; nothing is run."""
    repository = request.repository
    mirror = await services.mirrors.of(repository)
    refs = [request.input.base_branch, f"refs/pull/{request.number}/head"]
    await mirror.fetch(refs, await services.github.token(repository, READ_CODE))
    branch = await mirror.resolve(request.input.base_branch)
    start = await mirror.merge_base(branch, request.input.head_sha)
    base = await read_snapshot(mirror, start)
    head = await read_snapshot(mirror, request.input.head_sha)
    blobs = [{entry.path: entry.sha for entry in await mirror.entries(sha)} for sha in (start, request.input.head_sha)]
    changed = [path for path in blobs[0].keys() | blobs[1].keys() if blobs[0].get(path) != blobs[1].get(path)]
    history = await mirror.merged_paths(start, HISTORY)
    found = await asyncio.to_thread(find_missing, base, head, history, changed)
    return Missings(found=tuple(found))


def find_missing(
    base: Snapshot, head: Snapshot, history: Sequence[Sequence[str]], changed: Sequence[str]
) -> list[Missing]:
    """Return all that a change lacks."""
    return [*find_untested(base, head), *find_beside(base, head, history, changed)]


async def show(services: Services, task_id: str, request: CompanionsTask, missing: Missings) -> None:
    """Show one neutral check run, without buttons where nothing may run."""
    github = await services.github.for_repository(request.repository, CHECKS)
    kinds = dict.fromkeys(one.kind for one in missing.found)
    actions = () if request.input.from_fork else tuple(ACTIONS[kind] for kind in kinds if kind in ACTIONS)
    report = CheckReport(
        title=f"{counted(len(missing.found), 'companion')} missing",
        summary=services.outgoing(write_list(missing.found)),
        conclusion="neutral",
        actions=actions[:MOST],
    )
    await checks.put_check(github, request.repository, request.input.head_sha, CHECK_NAME, task_id, report)


_TITLES = {
    "test": "Tests",
    "migration": "Migrations",
    "docs": "Documentation that is not true any more",
    "changelog": "Changelog",
}


def write_list(found: Sequence[Missing]) -> str:
    """List what is missing by kind, each with its place."""
    parts = ["Found by code alone, from both commits; no model was asked and nothing was run."]
    for kind, title in _TITLES.items():
        own = [one for one in found if one.kind == kind]
        lines = [f"- {inline_code(f'{one.path}:{one.line}')}: {one.text}" for one in own[:_LISTED]]
        more = [f"- and {len(own) - _LISTED} more"] if len(own) > _LISTED else []
        if own:
            parts.append("\n".join([f"**{title}**", "", *lines, *more]))
    return "\n\n".join(parts)


def tell_parts(found: Sequence[Missing]) -> Parts:
    """Tell the five parts of the change that was looked at."""

    kinds = Counter(one.kind for one in found)
    return Parts(
        implementation=told(f"Missing migrations, by both commits: {kinds['migration']}."),
        tests=told(f"New or changed public functions that no test names: {kinds['test']}."),
        documentation=told(
            f"Passages that the change made false: {kinds['docs']}.",
            f"Missing changelog entries: {kinds['changelog']}.",
        ),
        performance=told(otherwise="Nothing was timed: nothing is run."),
        security=told(otherwise="Nothing looked at it: only tests, migrations, documents and changelogs are read."),
    )


TASK = TaskSpec(
    name="companions",
    summary="Names what a pull request lacks beside its code.",
    details="A test, a migration, a changelog entry, or docs that are not true any more: found by code when a pull "
    "request is opened or pushed to, and shown in one neutral check run. Off unless `companions.show` is set.",
    examples=(),
    input=CompanionsInput,
    request=CompanionsTask,
    run=run,
    subjects=frozenset({"pull"}),
    rules=CompanionsRules,
    writes=Writes.NOTHING,
    shown=Shown.RESULT,
    doors=Doors(command=False),
    exclusive=False,
    stages={Stage.LOOK: "Look for what is missing"},
)
