"""Judge an update of a branch by one rule of a ruleset, in GitHub's words where they are known.

Kinds and parameters: https://docs.github.com/en/rest/repos/rules. GitHub has more kinds; one that is not listed here is
refused when a ruleset is made, so that no test believes in a rule that does nothing. The words for names, messages,
addresses, paths, extensions and sizes are ours: no public log shows GitHub's.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatch

from simhub.gitrepo import ZERO, Commit, GitRepo
from simhub.model import Rule

_MEGABYTE = 1024 * 1024
PULL_REQUEST = {
    "dismiss_stale_reviews_on_push": False,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_approving_review_count": 0,
    "required_review_thread_resolution": False,
}
"""The parameters that GitHub demands of a rule of kind ``pull_request``, with its defaults."""


@dataclass(frozen=True)
class Update:
    """A branch that is to move from ``old`` to ``new`` (ZERO: to be made, to be deleted)."""

    git: GitRepo
    branch: str
    old: str
    new: str
    verified: set[str]

    async def commits(self) -> list[Commit]:
        """Return the commits that no branch has yet, newest first."""
        if self.new == ZERO:
            return []
        return await self.git.commits_between(new_commits(self.old, self.new), limit=1000)

    async def paths(self) -> list[str]:
        """Return the paths that the new commits add or modify."""
        found = []
        for commit in await self.commits():
            added, _, modified = await self.git.touched(commit.sha)
            found += [*added, *modified]
        return sorted(set(found))


def new_commits(old: str, new: str) -> list[str]:
    """Return git's bounds for what an update brings in."""
    return [f"{old}..{new}"] if old != ZERO else [new, "--not", "--branches"]


async def violation(rule: Rule, update: Update) -> str | None:
    """Return the sentence with which the rule refuses the update; None where it lets it pass."""
    return await _KINDS[rule.kind](rule, update)


def known_kinds() -> frozenset[str]:
    return frozenset(_KINDS)


async def _creation(_: Rule, update: Update) -> str | None:
    return "Cannot create ref due to creations being restricted." if update.old == ZERO else None


async def _update(_: Rule, update: Update) -> str | None:
    return "Cannot update this protected ref." if ZERO not in (update.old, update.new) else None


async def _deletion(_: Rule, update: Update) -> str | None:
    return "Cannot delete this protected ref." if update.new == ZERO else None


async def _pull_request(_: Rule, update: Update) -> str | None:
    return "Changes must be made through a pull request." if update.new != ZERO else None


async def _non_fast_forward(_: Rule, update: Update) -> str | None:
    if ZERO in (update.old, update.new) or await update.git.is_ancestor(update.old, update.new):
        return None
    return "Cannot force-push to this branch."


async def _signatures(_: Rule, update: Update) -> str | None:
    unsigned = [commit.sha for commit in await update.commits() if commit.sha not in update.verified]
    return _counted("Commits must have verified signatures.", unsigned)


async def _branch_name(rule: Rule, update: Update) -> str | None:
    if update.old != ZERO or _fits(rule, update.branch):
        return None
    return f"Branch name {_demand(rule)}"


async def _message(rule: Rule, update: Update) -> str | None:
    wrong = [commit.sha for commit in await update.commits() if not _fits(rule, commit.message)]
    return _counted(f"Commit message {_demand(rule)}", wrong)


async def _author(rule: Rule, update: Update) -> str | None:
    wrong = [commit.sha for commit in await update.commits() if not _fits(rule, commit.author.email)]
    return _counted(f"Author email {_demand(rule)}", wrong)


async def _committer(rule: Rule, update: Update) -> str | None:
    wrong = [commit.sha for commit in await update.commits() if not _fits(rule, commit.committer.email)]
    return _counted(f"Committer email {_demand(rule)}", wrong)


async def _paths(rule: Rule, update: Update) -> str | None:
    patterns = rule.parameters["restricted_file_paths"]
    wrong = [path for path in await update.paths() if any(fnmatch(path, pattern) for pattern in patterns)]
    return _counted("File path is restricted.", wrong)


async def _extensions(rule: Rule, update: Update) -> str | None:
    endings = tuple("." + ending.lstrip("*.") for ending in rule.parameters["restricted_file_extensions"])
    return _counted(
        "File extension is restricted.", [path for path in await update.paths() if path.lower().endswith(endings)]
    )


async def _size(rule: Rule, update: Update) -> str | None:
    if update.new == ZERO:
        return None
    touched = set(await update.paths())
    limit = rule.parameters["max_file_size"] * _MEGABYTE
    entries = await update.git.tree(update.new, recursive=True)
    return _counted(
        "File is too large.", [each.path for each in entries if each.path in touched and (each.size or 0) > limit]
    )


def _fits(rule: Rule, text: str) -> bool:
    pattern = str(rule.parameters["pattern"])
    found = {
        "starts_with": text.startswith(pattern),
        "ends_with": text.rstrip("\n").endswith(pattern),
        "contains": pattern in text,
        "regex": rule.parameters["operator"] == "regex" and re.search(pattern, text, re.M) is not None,
    }[rule.parameters["operator"]]
    return found != bool(rule.parameters.get("negate"))


def _demand(rule: Rule) -> str:
    verb = "must not" if rule.parameters.get("negate") else "must"
    how = {"starts_with": "start with", "ends_with": "end with", "contains": "contain", "regex": "match"}
    return f"{verb} {how[rule.parameters['operator']]} a given pattern: {rule.parameters['pattern']}"


def _counted(sentence: str, wrong: list[str]) -> str | None:
    if not wrong:
        return None
    count = f"Found {len(wrong)} violation{'s' if len(wrong) > 1 else ''}:"
    return "\n".join([sentence, f"  {count}", "", *(f"  {each}" for each in wrong)])


_KINDS: dict[str, Callable[[Rule, Update], Awaitable[str | None]]] = {
    "creation": _creation,
    "update": _update,
    "deletion": _deletion,
    "pull_request": _pull_request,
    "non_fast_forward": _non_fast_forward,
    "required_signatures": _signatures,
    "branch_name_pattern": _branch_name,
    "commit_message_pattern": _message,
    "commit_author_email_pattern": _author,
    "committer_email_pattern": _committer,
    "file_path_restriction": _paths,
    "file_extension_restriction": _extensions,
    "max_file_size": _size,
}
