"""What of a diff is not worth a reader's time, and why: recognised by name and content, and always named."""

from __future__ import annotations

from pathlib import PurePosixPath

from bot.context.sieve import MAX_BYTES, unread_bytes, unread_path
from bot.github.text.diffs import FileDiff
from bot.policy import Policy
from bot.pulls.rules import ReviewRules

_LOCK_NAMES = """
bun.lockb cargo.lock composer.lock flake.lock gemfile.lock go.sum gradle.lockfile mix.lock npm-shrinkwrap.json
package-lock.json package.resolved packages.lock.json pdm.lock pipfile.lock pixi.lock pnpm-lock.yaml podfile.lock
poetry.lock pubspec.lock uv.lock yarn.lock
"""
_LOCKS = frozenset(_LOCK_NAMES.split())
# A file without hunks was moved, or has no lines; else git lists it for its mode alone.
_UNCHANGED = {
    "renamed": "moved, not changed",
    "copied": "copied, not changed",
    "added": "added, but empty",
    "removed": "removed, but was empty",
}
_WORDS = {"vendored": "vendored code", "pointer": "a pointer to a large file", "minified": "minified"}


def left_out(diff: FileDiff, head: bytes | None, base: bytes | None, policy: Policy) -> str | None:
    """Why a file is not read, in words, or None. ``head`` and ``base`` are its bytes there, None where it is not.

    That it is generated counts only where the base said so too: else a change could hide itself by a comment.
    """
    if policy.rules(ReviewRules).ignores(diff.path):
        return "left out by `review.ignore`"
    if PurePosixPath(diff.path).name.lower() in _LOCKS:
        return "a lock file"
    if diff.binary:
        return "binary"
    if not diff.hunks:
        return _UNCHANGED.get(diff.status, "nothing in it changed but its mode")
    reason = unread_path(diff.path) or _by_content(head, base)
    return reason and _named(reason, diff.path)


READ_BEFORE = "not changed since it was last read"


def _by_content(head: bytes | None, base: bytes | None) -> str | None:
    reason = unread_bytes(head) if head is not None else None
    if reason == "generated" and (base is None or unread_bytes(base) != "generated"):
        return None
    return reason


def _named(reason: str, path: str) -> str:
    if reason == "data":
        return f"data ({PurePosixPath(path).suffix or 'by its name'})"
    if reason == "huge":
        return f"larger than {MAX_BYTES // 1_000_000} MB"
    return _WORDS.get(reason, reason)
