"""Move review threads with their lines at each push, or mark them outdated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from simhub import anchors
from simhub.gitrepo import FileChange, GitRepo
from simhub.model import Anchor, Pull, Thread

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


async def follow(pull: Pull, threads: Sequence[Thread]) -> None:
    """Find every thread's place in the diff of the pull request's head, beginning at the commit it was made on."""
    if not threads:
        return
    git = GitRepo(pull.repository.path)
    base = await _base(git, pull, pull.head_sha)
    changes = await git.changes(base, pull.head_sha)
    for thread in threads:
        thread.place = await _now(git, pull, thread, base, changes)


async def _base(git: GitRepo, pull: Pull, commit: str) -> str:
    base = await git.resolve(pull.base_ref) or pull.base_sha
    return await git.merge_base(base, commit) or pull.base_sha


async def _now(git: GitRepo, pull: Pull, thread: Thread, base: str, changes: Sequence[FileChange]) -> Anchor | None:
    made = thread.anchor
    if made.line is None:
        return made if any(change.path == made.path for change in changes) else None
    ends = [(made.side, made.line)]
    ends += [(made.start_side or made.side, made.start_line)] if made.start_line is not None else []
    lines: dict[str, int | None] = {}
    for side in {side for side, _ in ends}:
        old = thread.commit_id if side == "RIGHT" else await _base(git, pull, thread.commit_id)
        new = pull.head_sha if side == "RIGHT" else base
        patch = "" if old == new else await git.text("diff", "-U0", "--no-ext-diff", old, new, "--", made.path)
        own = [number for each, number in ends if each == side]
        lines[side] = shift(patch, min(own), max(own))
    ahead = {side: by for side, by in lines.items() if by is not None}
    if len(ahead) < len(lines):
        return None
    start = made.start_line + ahead[made.start_side or made.side] if made.start_line is not None else None
    try:
        found = anchors.resolve(changes, made.path, made.line + ahead[made.side], made.side, start, made.start_side)
    except anchors.AnchorError:
        return None
    return replace(found, hunk=made.hunk)


def shift(patch: str, first: int, last: int) -> int | None:
    """By how many lines ``first`` to ``last`` of the old file move; None where the patch changes any of them.

    ``patch`` has no context lines (``-U0``).
    """
    moved = 0
    for header in _HUNK.finditer(patch):
        at = int(header[1])
        removed = int(header[2] or 1)
        added = int(header[4] or 1)
        if removed and at <= last and at + removed - 1 >= first:
            return None
        if not removed and first <= at < last:
            return None
        if at < first:
            moved += added - removed
    return moved
