"""Errors of git, told apart by what the caller should do next."""

from __future__ import annotations

from bot.types import ForgehandError


class GitError(ForgehandError):
    """A failure of git that trying again will not fix, in git's words."""


class RemoteDown(GitError):
    """The git server was down or broke off, however often it was asked."""

    passing = True


class AccessRefused(GitError):
    """The token may not see or write this repository (401, 403 or 404)."""


class RemoteMoved(GitError):
    """The repository has another address: a redirect, not followed."""


class ReadOnly(GitError):
    """The repository is archived: it takes no push until it is unarchived."""

    lasting = True


class ObjectMissing(GitError):
    """A commit, branch or object is not there; ``details``: ``name``."""


class PathRefused(GitError):
    """A path that a change may not write; ``details``: ``path``.

    It would leave the tree, hide in ``.git`` or pass through a symlink, or Git LFS keeps it.
    """

    lasting = True


class NonFastForward(GitError):
    """Somebody else moved the branch; ``details``: ``branch``."""

    lasting = True


class PushRefused(GitError):
    """GitHub will not take this push as it is.

    ``details``: ``reason``, one of protected, ruleset, workflows, policy, or name where another branch is in the way.
    """

    lasting = True
