"""Read a pull request, and find what its own diff leaves open: stubs, or migrations where these are asked for."""

from __future__ import annotations

import asyncio

from bot.change import request
from bot.change.pull import fetch_ends
from bot.change.recipe import Job
from bot.change.records import ChangeTask
from bot.change.stages import Stage
from bot.documentation.snapshot import read_snapshot
from bot.github.text.diffs import parse_diff
from handlers.companions.migrations import find_unmigrated
from handlers.companions.records import Missing
from handlers.complete.migrating import MIGRATIONS
from handlers.complete.records import CompletionBrief, Stub
from handlers.complete.stubs import find_stubs

_MOST = 20
_NONE = (
    "I found no stub in the lines that this pull request adds to Python files: no function that only raises "
    "NotImplementedError or is `...`, and no TODO, FIXME or XXX. So nothing was changed."
)
_NONE_TO_MIGRATE = (
    "I found no Django field and no SQLAlchemy column that this pull request changes without a new migration, in an "
    "app or a repository that has migrations. So nothing was changed."
)
_MANY = "This pull request leaves {} places open, and nobody reviews more than {} at once well. Fill in some first."


async def read(job: Job[ChangeTask]) -> CompletionBrief:
    """Read the pull request and what is open; without any there is no work."""
    brief = CompletionBrief(**dict(await request.read_to_run(job)))
    if brief.stop:
        return brief
    brief = brief.model_copy(update={"pull": await fetch_ends(job, brief)})
    if brief.asked.strip() == MIGRATIONS:
        found = await _find_unmigrated(job, brief)
        stop = None if found else _NONE_TO_MIGRATE
        await job.stage(Stage.READ, "failed" if stop else "done", stop or " ".join(one.text for one in found))
        return brief.model_copy(update={"migrations": tuple(found), "stop": stop})
    stubs = await _find_stubs(job, brief)
    stop = None if stubs else _NONE
    if len(stubs) > _MOST:
        stop = _MANY.format(len(stubs), _MOST)
    await job.stage(
        Stage.READ, "failed" if stop else "done", stop or ", ".join(f"`{stub.place}`" for stub in stubs[:5])
    )
    return brief.model_copy(update={"stubs": tuple(stubs), "stop": stop})


async def fetch(job: Job[ChangeTask], brief: CompletionBrief) -> CompletionBrief:
    """Say that the search begins: both ends were brought while reading."""
    await job.stage(Stage.FIND, "started")
    return brief


async def _find_unmigrated(job: Job[ChangeTask], brief: CompletionBrief) -> list[Missing]:
    mirror = await job.mirror(brief.base_sha)
    base = await read_snapshot(mirror, brief.trusted_sha)
    return await asyncio.to_thread(find_unmigrated, base, await read_snapshot(mirror, brief.base_sha))


async def _find_stubs(job: Job[ChangeTask], brief: CompletionBrief) -> list[Stub]:
    mirror = await job.mirror(brief.base_sha)
    toolchain = job.workshop(brief.base_sha).toolchain()
    found: list[Stub] = []
    for file in parse_diff(await mirror.diff(brief.trusted_sha, brief.base_sha)):
        text = await mirror.read(brief.base_sha, file.path) if file.path.endswith(".py") else None
        if text is not None and not toolchain.is_test(file.path):
            found += find_stubs(file.path, text, file.added_lines())
    return found
