"""Decide which changed files a review skips, and why."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from bot.context.sieve import MAX_BYTES, unread_bytes, unread_path
from bot.github.text.diffs import FileDiff
from bot.policy import Policy
from bot.pulls.rules import ReviewRules

# files in which package managers write the versions they chose; most end in .lock
_LOCK = re.compile(
    r".+\.lock|.+\.lockb|.+\.lockfile|.+[.-]lock\.(?:json|jsonc|ya?ml|toml|hcl|edn)|\.terraform\.lock\.hcl|npm-shrinkwrap\.json"
    r"|go\.(?:work\.)?sum|package\.resolved|cartfile\.resolved|pylock(?:\..+)?\.toml|gems\.locked"
    r"|\.pnp\.(?:c?js|loader\.mjs)|requirements[.-]lock\.txt|maven_install\.json|lake-manifest\.json"
    r"|dub\.selections\.json|cpanfile\.snapshot|cabal\.project\.freeze"
)
# A file without hunks was moved, or has no lines; else git lists it for its mode alone.
_UNCHANGED = {
    "renamed": "moved, not changed",
    "copied": "copied, not changed",
    "added": "added, but empty",
    "removed": "removed, but was empty",
}
_ONLY_MODE = "nothing in it changed but its mode"
_WORDS = {
    "vendored": "vendored code",
    "pointer": "a pointer to a large file",
    "huge": f"larger than {MAX_BYTES // 1_000_000} MB",
}
READ_BEFORE = "not changed since it was last read"


def find_skip_reason(
    diff: FileDiff, head: bytes | None, base: bytes | None, policy: Policy, *, generated: bool | None = None
) -> str | None:
    """Return why a file is not read, or None.

    ``head`` and ``base`` are its bytes there, None where it does not exist. A file counts as generated only where the
    base said so too: else a change could hide itself behind a comment.
    """
    if policy.rules(ReviewRules).ignores(diff.path):
        return "left out by `review.ignore`"
    if _LOCK.fullmatch(PurePosixPath(diff.path).name.lower()):
        return "a lock file"
    if diff.binary:
        return "binary"
    if not diff.hunks:
        # git tells the mode of what was only moved where that is another one
        moved = diff.status in {"renamed", "copied"} and diff.mode
        return f"moved, {_ONLY_MODE}" if moved else _UNCHANGED.get(diff.status, _ONLY_MODE)
    if generated:
        return "generated (`linguist-generated` in the base's `.gitattributes`)"
    reason = unread_path(diff.path)
    if reason is None and head is not None:
        reason = unread_bytes(head)
        if reason == "generated" and (base is None or unread_bytes(base) != "generated"):
            return None
    if reason is None or (reason == "generated" and generated is False):
        return None
    if reason == "data":
        return f"data ({PurePosixPath(diff.path).suffix or 'by its name'})"
    return _WORDS.get(reason, reason)
