"""Say why something cannot be taken back, and what to do instead."""

from __future__ import annotations

from collections.abc import Sequence

from bot.git.reverts import LaterCommit, Reversal
from bot.markdown import inline_code, listed, shortened
from bot.migrations import MARK, Migration
from handlers.revert.records import RevertBrief

_NAMED = 8


def say_absent(sha: str, branch: str) -> str:
    """Say that a commit is not where it should be."""
    return f"{inline_code(sha[:10])} is not on {inline_code(branch)} (any more), so there is nothing to take back."


def say_gone(brief: RevertBrief, by: LaterCommit | None) -> str:
    """Say that the branch holds nothing of it any more."""
    if by is None:
        return f"{brief.name} is taken back already: {inline_code(brief.base_branch)} holds nothing of it any more."
    told = f"{inline_code(by.sha[:10])}, {inline_code(shortened(by.subject, 100))}"
    return f"{brief.name} is taken back already by {told}. To have it again, revert that one."


def say_conflict(brief: RevertBrief, reversal: Reversal) -> str:
    """Say which files changed since, by which commits, and the ways on."""
    files = listed([inline_code(path) for path in reversal.conflicts], _NAMED)
    since = f" since, by {list_later(reversal.later)}" if reversal.later else " since"
    return (
        f"{brief.name} cannot be taken back by itself: the same lines of {files} were changed{since}. Nothing was "
        "pushed. Either revert those commits first, the newest first, or repair it forward (`/fix` on an issue), or do "
        f"it by hand: `{write_command(brief)}`."
    )


def say_unwritable(brief: RevertBrief, reversal: Reversal) -> str:
    """Say which files no change of ours can hold."""
    files = listed([inline_code(path) for path in reversal.unwritable], _NAMED)
    return (
        f"Taking {brief.name} back brings {files} back, and I write text files only: no binary files, links, "
        f"submodules or modes. Do it by hand: `{write_command(brief)}`."
    )


def say_migrations(brief: RevertBrief, found: Sequence[Migration]) -> str:
    """Say which migrations forbid it."""
    files = listed([f"{inline_code(one.path)} ({one.kind})" for one in found], _NAMED)
    return (
        f"Taking {brief.name} back touches {files}. What a migration did to the database stays when its file goes, and "
        f"nobody has said that the earlier code works with it. Write a comment `{MARK}` into the migration where it "
        "does, or repair it forward."
    )


def list_later(later: Sequence[LaterCommit]) -> str:
    """Name commits, newest first."""
    return listed([f"{inline_code(one.sha[:10])} ({inline_code(shortened(one.subject, 80))})" for one in later], 5)


def write_command(brief: RevertBrief) -> str:
    """Write what a person types for the same."""
    landing = brief.known
    if landing.kind == "merge":
        return f"git revert -m 1 {landing.last}"
    if len(landing.commits) > 1:
        return f"git revert {landing.before}..{landing.last}"
    return f"git revert {landing.last}"
