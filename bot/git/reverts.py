"""Take commits back: how they came onto a branch, and what the branch becomes without them.

There is no work tree: the state before is put behind the last commit as a commit of its own, so that git's merge of it
into the branch has that last commit as its base. Nothing but unreferenced objects is left in the mirror.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from bot.git.changes import NO_CHANGES, Changes
from bot.git.command import CompletedCommand, run_git
from bot.git.errors import GitError
from bot.git.mirrors import Mirror
from bot.git.output import as_text
from bot.types import JsonModel

_LATER = 10
_PATHS = 300
_NOBODY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in {"NAME": "nobody", "EMAIL": "nobody@localhost", "DATE": "@0 +0000"}.items()
}


class Landing(JsonModel):
    """Way by which a change came onto its branch."""

    kind: Literal["merge", "squash", "rebase", "commit"]
    before: str  # the commit that the branch was at
    commits: tuple[str, ...]  # on the branch, oldest first

    @property
    def last(self) -> str:
        return self.commits[-1]


class LaterCommit(JsonModel):
    """A commit that came after what is taken back."""

    sha: str
    subject: str


class Reversal(JsonModel):
    """State of a branch without a change, or why git makes none."""

    changes: Changes = NO_CHANGES
    conflicts: tuple[str, ...] = ()  # paths whose lines were changed again since
    unwritable: tuple[str, ...] = ()  # paths that a change of ours cannot hold: binary files, links, modes
    later: tuple[LaterCommit, ...] = ()  # commits since that touch the same files, newest first

    @property
    def empty(self) -> bool:
        """Return whether the branch holds nothing of the change any more."""
        return not (self.changes.files or self.conflicts or self.unwritable)


class CannotTell(GitError):
    """The commits of a change cannot be told from others on its branch."""

    lasting = True


async def find_landing(mirror: Mirror, merged: str, commits: Sequence[str] = ()) -> Landing:
    """Find how a change came onto its branch.

    ``merged`` is the last commit that it made there, ``commits`` are those of its own branch, oldest first; without
    them ``merged`` alone is meant. Raises :class:`CannotTell`.
    """
    parents = await _parents(mirror, merged)
    if not parents:
        raise CannotTell(f"{merged[:10]} is the first commit of its branch; there is nothing to go back to.")
    if len(parents) > 1:
        return Landing(kind="merge", before=parents[0], commits=(merged,))
    own = [sha for sha in commits if len(await _parents(mirror, sha)) == 1]
    if len(own) < 2:
        return Landing(kind="squash" if own else "commit", before=parents[0], commits=(merged,))
    return await _find_rebase(mirror, merged, own) or await _find_squash(mirror, merged, parents[0], own)


async def _find_rebase(mirror: Mirror, merged: str, own: Sequence[str]) -> Landing | None:
    """Return the range that is, commit by commit, the pull request's own."""
    there = await _walk(mirror, merged, len(own) + 1)
    if len(there) <= len(own):
        return None
    before, *landed = there
    if await _patch_ids(mirror, landed) != await _patch_ids(mirror, own):
        return None
    return Landing(kind="rebase", before=before, commits=tuple(landed))


async def _find_squash(mirror: Mirror, merged: str, before: str, own: Sequence[str]) -> Landing:
    """Return the one commit that holds all, as those before it hold nothing."""
    squash = Landing(kind="squash", before=before, commits=(merged,))
    fork = await mirror.merge_base(before, own[-1])
    if await _patch_id(mirror, before, merged) == await _patch_id(mirror, fork, own[-1]):
        return squash
    earlier = (await _walk(mirror, merged, len(own)))[:-1]
    if await _signatures(mirror, earlier) & await _signatures(mirror, own):
        raise CannotTell(
            f"It seems to have been rebased, but the {len(own)} commits before {merged[:10]} are not the same as its "
            "own any more, so I cannot tell which to take back. Revert them by hand."
        )
    return squash


async def reverse(mirror: Mirror, head: str, landing: Landing) -> Reversal:
    """Return what ``head`` becomes without a change that it holds."""
    earlier = (await _git(mirror, "rev-parse", f"{landing.before}^{{tree}}")).text.strip()
    made = await _git(mirror, "commit-tree", earlier, "-p", landing.last, stdin=b"Before\n", env=_NOBODY)
    flags = ("--write-tree", "-z", "--name-only", "--no-messages")
    merged = await _git(mirror, "merge-tree", *flags, head, made.text.strip(), check=False)
    if merged.code > 1 or "usage:" in merged.stderr:
        raise GitError(f"git merge-tree failed; reverting needs git 2.38 or newer.\n{merged.stderr[:500]}")
    tree, *conflicts = [part for part in merged.text.split("\0") if part]
    touched = await _changed(mirror, landing.before, landing.last)
    later = await _list_later(mirror, landing.last, head, touched)
    if merged.code:
        return Reversal(conflicts=tuple(dict.fromkeys(conflicts)), later=later)
    changes, unwritable = await read_changes(mirror, head, tree)
    return Reversal(changes=changes, unwritable=unwritable, later=later)


async def holds(mirror: Mirror, head: str, sha: str) -> bool:
    """Tell whether a branch's head has a commit in its past."""
    return not (await _git(mirror, "merge-base", "--is-ancestor", sha, head, check=False)).code


async def find_reverting(mirror: Mirror, landing: Landing, head: str) -> LaterCommit | None:
    """Return the newest commit whose message says that it takes this back."""
    said = [f"--grep=This reverts commit {sha}" for sha in landing.commits]
    found = await _log(mirror, "--fixed-strings", *said, "--max-count=1", f"{landing.last}..{head}")
    return found[0] if found else None


async def changed_between(mirror: Mirror, old: str, new: str) -> tuple[str, ...]:
    """Return the paths in which two commits differ."""
    return tuple(await _changed(mirror, old, new))


async def read_subject(mirror: Mirror, sha: str) -> str:
    """Return the first line of a commit's message."""
    return (await _log(mirror, "--max-count=1", sha))[0].subject


async def read_changes(mirror: Mirror, head: str, tree: str) -> tuple[Changes, tuple[str, ...]]:
    """Return what makes a tree, or a commit's, of a commit's.

    With the paths that such changes cannot hold.
    """
    listing = (await _git(mirror, "diff-tree", "-r", "-z", "--no-renames", f"{head}^{{tree}}", f"{tree}^{{tree}}")).text
    parts = [part for part in listing.split("\0") if part]
    rows = [(path, *meta.lstrip(":").split()) for meta, path in zip(parts[::2], parts[1::2], strict=True)]
    blobs = await mirror.blobs(new for _, _, _, _, new, status in rows if status != "D" and not _is_module(rows, new))
    files: dict[str, str | None] = {}
    unwritable = []
    for path, old_mode, new_mode, _, new, status in rows:
        text = as_text(blobs[new]) if new in blobs else None
        kept = new_mode in {old_mode, "100644"} if status == "A" else new_mode == old_mode
        if status == "D" and old_mode.startswith("100"):
            files[path] = None
        elif kept and new_mode.startswith("100") and text is not None:
            files[path] = text
        else:
            unwritable.append(path)
    return Changes(files=files), tuple(unwritable)


def _is_module(rows: Sequence[tuple[str, ...]], sha: str) -> bool:
    return any(row[4] == sha and row[2] == "160000" for row in rows)


async def _list_later(mirror: Mirror, last: str, head: str, paths: Sequence[str]) -> tuple[LaterCommit, ...]:
    if not paths:
        return ()
    return await _log(mirror, "--no-merges", f"--max-count={_LATER}", f"{last}..{head}", "--", *paths[:_PATHS])


async def _log(mirror: Mirror, *args: str) -> tuple[LaterCommit, ...]:
    rows = (await _git(mirror, "log", "-z", "--format=%H %s", *args)).text.split("\0")
    parts = (row.strip().partition(" ") for row in rows if row.strip())
    return tuple(LaterCommit(sha=sha, subject=subject[:200]) for sha, _, subject in parts)


async def _changed(mirror: Mirror, old: str, new: str) -> list[str]:
    listed = await _git(mirror, "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
    return [path for path in listed.text.split("\0") if path]


async def _parents(mirror: Mirror, sha: str) -> list[str]:
    return (await _git(mirror, "rev-list", "--parents", "--max-count=1", sha)).text.split()[1:]


async def _walk(mirror: Mirror, sha: str, count: int) -> list[str]:
    """Return a commit and those before it, oldest first; none with a merge."""
    rows = (await _git(mirror, "rev-list", "--parents", "--first-parent", f"--max-count={count}", sha)).text
    found = [row.split() for row in rows.splitlines()]
    return [] if any(len(row) > 2 for row in found[:-1]) else [row[0] for row in reversed(found)]


async def _signatures(mirror: Mirror, shas: Sequence[str]) -> set[str]:
    """Return what a rebase keeps of commits: author, time and subject."""
    if not shas:
        return set()
    told = await _git(mirror, "log", "--no-walk", "--format=%ae %at %s", *shas)
    return set(told.text.splitlines())


async def _patch_ids(mirror: Mirror, shas: Sequence[str]) -> list[str]:
    """Return what commits change, whatever is around it; "" for an empty one."""
    listed = "".join(f"{sha}\n" for sha in shas).encode()
    patches = await _git(mirror, "diff-tree", "--stdin", "-p", "-U0", "--no-renames", stdin=listed)
    ids = (await _git(mirror, "patch-id", "--stable", stdin=patches.stdout)).text.split()
    found = dict(zip(ids[1::2], ids[::2], strict=True))
    return [found.get(sha, "") for sha in shas]


async def _patch_id(mirror: Mirror, old: str, new: str) -> str:
    patch = await _git(mirror, "diff-tree", "-p", "-U0", "-r", "--no-renames", old, new)
    return (await _git(mirror, "patch-id", "--stable", stdin=patch.stdout)).text.partition(" ")[0]


async def _git(
    mirror: Mirror, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None, check: bool = True
) -> CompletedCommand:
    done = await run_git(["--git-dir", str(mirror.git_dir), *args], cwd=mirror.git_dir, stdin=stdin, env=env)
    if check and done.code:
        raise GitError(f"git {args[0]} failed:\n{done.stderr[:2000]}")
    return done
