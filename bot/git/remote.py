"""Fetch and push, and sort git's words into what to do about them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from bot.git.command import REMOTE_SECONDS, Access, CompletedCommand, run_git
from bot.git.errors import (
    AccessRefused,
    GitError,
    NonFastForward,
    ObjectMissing,
    PushRefused,
    ReadOnly,
    RemoteDown,
    RemoteMoved,
)

# A fresh token may be refused for its first seconds, and servers hiccup: the same waits serve both.
DELAYS = (1.0, 2.0, 3.0)

_REFUSALS = (
    ("workflows", re.compile(r"refusing to allow .{0,80}(create or update|update) workflow", re.S | re.I)),
    ("ruleset", re.compile(r"\bGH013\b")),
    ("protected", re.compile(r"\bGH006\b|protected branch hook declined", re.I)),
    ("policy", re.compile(r"\bGH\d{3}\b|pre-receive hook declined|\[remote rejected\]", re.I)),
)
# A branch ``a`` leaves no room for ``a/b``, nor the other way round: git keeps both as paths.
_IN_THE_WAY = re.compile(
    r"'refs/heads/([^']+)' exists; cannot create|there is a non-empty directory|directory file conflict", re.I
)
_MOVED = re.compile(
    r"stale info|non-fast-forward|fetch first|cannot lock ref|reference already exists|failed to update ref", re.I
)
_MISSING = re.compile(r"couldn't find remote ref (\S+)|not our ref (\S+)", re.I)
_READ_ONLY = re.compile(r"archived so it is read-only", re.I)
# GitHub says why it refuses (``remote: Permission to ... denied``). A 403 without a word is a limit that passes:
# https://github.com/trufflesecurity/trufflehog/pull/5260. Git shows no reason that is not plain text.
_NO_ACCESS = re.compile(
    r"Authentication failed|could not read Username|repository .* not found|returned error: 40[14]"
    r"|Permission to .* denied|^remote: \S[\s\S]*returned error: 403",
    re.I | re.M,
)
_LIMITED = re.compile(r"rate.?limit|too many requests", re.I)
_MOVED_AWAY = re.compile(r"returned error: 30\d|base from redirection", re.I)
# Addresses and references hold words that people chose: a branch may be called GH013 or gnutls.
_NAMES = re.compile(r"\b\w+://\S+|(?:\b[0-9a-f]+:)?\brefs/\S+|(?<=Permission to )\S+")
_BUSY_MIRROR = re.compile(r"Unable to create .*\.lock|cannot lock ref .* is at [0-9a-f]+ but expected", re.I)
_DOWN = re.compile(
    r"Could not resolve host|Failed to connect|Connection (refused|reset|timed out)|early EOF|unexpected disconnect"
    r"|returned error: (403|422|429|5\d\d)|RPC failed|hung up unexpectedly|Operation too slow|SSL_|gnutls|timed out",
    re.I,
)


class Remote:
    """One repository on the git server. ``url`` carries no credentials."""

    def __init__(self, base_url: str, url: str, git_dir: Path, delays: Sequence[float] = DELAYS) -> None:
        self._base_url = base_url
        self._url = url
        self._git_dir = git_dir
        self._delays = tuple(delays)

    async def fetch(self, refspecs: Sequence[str], token: str | None) -> None:
        """Fetch into the mirror; raises as :meth:`.mirrors.Mirror.fetch` does."""
        args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", self._url, *refspecs]
        done = await self._run(args, token)
        if done.code:
            raise _fetch_error(done)

    async def push(self, sha: str, branch: str, expect: str | None, token: str | None) -> None:
        """Move ``branch`` to ``sha`` if it is at ``expect`` (None: nowhere yet)."""
        ref = f"refs/heads/{branch}"
        args = [
            "push",
            "--porcelain",
            "--no-verify",
            f"--force-with-lease={ref}:{expect or ''}",
            self._url,
            f"{sha}:{ref}",
        ]
        done = await self._run(args, token)
        if done.code:
            error = _push_error(done, branch)
            if not isinstance(error, NonFastForward):
                raise error
            there = await self.head(ref, token)
            if there is None and expect is None:
                raise _refuse_name(branch, "Another branch")
            # A repeated step finds its own earlier push: that is success, not a conflict.
            if there != sha:
                raise error

    async def head(self, ref: str, token: str | None) -> str | None:
        """Return the sha a full ref is at on the server, None if there is none."""
        done = await self._run(["ls-remote", "--quiet", self._url, ref], token)
        if done.code:
            raise _fetch_error(done)
        rows = (line.split("\t") for line in done.text.splitlines())
        return next((sha for sha, name in rows if name == ref), None)

    async def _run(self, args: Sequence[str], token: str | None) -> CompletedCommand:
        access = Access(self._base_url, token) if token else None
        done = await run_git(args, cwd=self._git_dir, access=access, seconds=REMOTE_SECONDS)
        for delay in self._delays:
            if not done.code or not _passing(done):
                break
            await asyncio.sleep(delay)
            done = await run_git(args, cwd=self._git_dir, access=access, seconds=REMOTE_SECONDS)
        return done


def _passing(done: CompletedCommand) -> bool:
    said = _NAMES.sub("-", done.stderr)
    if _READ_ONLY.search(said):
        return False
    return bool(_NO_ACCESS.search(said) or _DOWN.search(said) or (_BUSY_MIRROR.search(said) and "remote" not in said))


def _quote_output(done: CompletedCommand) -> str:
    """Return what git and the server said, without noise and bounded."""
    lines = [line.strip() for line in (done.stderr + "\n" + done.text).splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith(("hint:", "To ", "Done")))[:2000]


def _fetch_error(done: CompletedCommand) -> GitError:
    said = _quote_output(done)
    missing = _MISSING.search(said)
    if missing:
        name = missing.group(1) or missing.group(2)
        return ObjectMissing(f"The git server has no {name}; was the branch or pull request deleted?", name=name)
    return _connection_error(said) or GitError(f"git fetch failed:\n{said}")


def _push_error(done: CompletedCommand, branch: str) -> GitError:
    said = _quote_output(done)
    words = _NAMES.sub("-", said)
    moved = _MOVED.search(words)
    if _READ_ONLY.search(words):
        return ReadOnly(f"The repository is archived, so the push to {branch} was refused. Unarchive it to go on.")
    blocked = _IN_THE_WAY.search(said)
    if blocked:
        return _refuse_name(branch, f"The branch {blocked.group(1)}" if blocked.group(1) else "Another branch")
    for reason, pattern in _REFUSALS:
        if pattern.search(words) and not (moved and reason == "policy"):
            return PushRefused(f"The push to {branch} was refused for good:\n{said}", reason=reason)
    if moved:
        return NonFastForward(
            f"{branch} was moved or created by somebody else; nothing was overwritten.", branch=branch
        )
    return _connection_error(said) or GitError(f"git push to {branch} failed:\n{said}")


def _refuse_name(branch: str, other: str) -> PushRefused:
    return PushRefused(f"{other} leaves no room for a branch named {branch}; rename or delete it.", reason="name")


def _connection_error(said: str) -> GitError | None:
    words = _NAMES.sub("-", said)
    if _MOVED_AWAY.search(words):
        return RemoteMoved("The repository was renamed or transferred, and its present address is not known.")
    if _NO_ACCESS.search(words) and not _LIMITED.search(words):
        return AccessRefused(
            f"The git server refuses access; check the App's installation and its contents permission:\n{said}"
        )
    if _DOWN.search(words):
        return RemoteDown(f"The git server could not be reached, after several tries:\n{said}")
    return None
