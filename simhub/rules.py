"""Refuse what GitHub refuses when a branch is written: protected branches, rulesets, workflow files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from simhub import rulesets
from simhub.actor import Actor, allows
from simhub.errors import ApiError
from simhub.gitrepo import ZERO, GitRepo
from simhub.model import Protection, Repository, Ruleset

_HEADS = "refs/heads/"


def protecting(repo: Repository, branch: str) -> list[Protection]:
    """Return the classic protections of a branch."""
    return [rule for rule in repo.protections if matches(rule.pattern, branch)]


def governing(repo: Repository, branch: str) -> list[Ruleset]:
    """Return the active rulesets of a branch, whether it exists or not."""
    return [ruleset for ruleset in repo.rulesets if matches(ruleset.pattern, branch)]


def matches(pattern: str, branch: str) -> bool:
    """Match a name as GitHub's globs do: ``*`` stops at a slash, ``**/`` is any number of folders.

    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax
    """
    if pattern == "~ALL":
        return True
    parts = re.split(r"(\*\*/|\*|\?)", pattern)
    special = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(special.get(part) or re.escape(part) for part in parts), branch) is not None


def is_exempt(allow: frozenset[str], actor: Actor) -> bool:
    """Tell whether an actor is on a bypass list, by login or App slug."""
    return bool({actor.user.login, actor.user.login.removesuffix("[bot]")} & allow)


def refusing(repo: Repository, branch: str, actor: Actor) -> Protection | None:
    """Return the classic protection that keeps this actor from writing the branch directly."""
    return next((rule for rule in protecting(repo, branch) if not is_exempt(rule.allow, actor)), None)


def required_reviews(repo: Repository, branch: str, actor: Actor) -> int:
    """Return how many approvals a merge into the branch needs."""
    classic = [rule.required_reviews for rule in protecting(repo, branch) if not is_exempt(rule.allow, actor)]
    modern = [
        int(rule.parameters.get("required_approving_review_count", 0))
        for ruleset in governing(repo, branch)
        for rule in ruleset.rules
        if rule.kind == "pull_request" and not is_exempt(ruleset.allow, actor)
    ]
    return max([0, *classic, *modern])


async def violations(repo: Repository, ref: str, old: str, new: str, actor: Actor, verified: set[str]) -> list[str]:
    """Return what rulesets hold against an update, one sentence a rule; ``verified`` holds signed commits."""
    if not ref.startswith(_HEADS):
        return []
    branch = ref.removeprefix(_HEADS)
    update = rulesets.Update(GitRepo(repo.path), branch, old, new, verified)
    found = []
    for ruleset in governing(repo, branch):
        if not is_exempt(ruleset.allow, actor):
            found += [said for rule in ruleset.rules if (said := await rulesets.violation(rule, update))]
    return list(dict.fromkeys(found))


def may_write_workflows(actor: Actor) -> bool:
    return actor.token is None or allows(actor.token.permissions, "workflows:write")


async def check_ref_update(
    repo: Repository, ref: str, old: str, new: str, actor: Actor, verified: set[str], status: int = 422
) -> None:
    """Refuse an update over REST in GitHub's words: ``status`` for rules, 403 for workflow files."""
    if said := await violations(repo, ref, old, new, actor, verified):
        raise ApiError(status, "\n\n".join(["Repository rule violations found", *said, ""]))
    if ref.startswith(_HEADS) and refusing(repo, ref.removeprefix(_HEADS), actor):
        words = "Protected branch update failed for " + ref
        raise ApiError(status, words if new != ZERO else "Cannot delete this protected branch")
    if new != ZERO:
        await check_workflows(GitRepo(repo.path), old, new, actor)


async def check_workflows(git: GitRepo, old: str, new: str, actor: Actor) -> None:
    """Refuse an App without the workflows permission that brings in changes under .github/workflows."""
    if not may_write_workflows(actor) and await workflow_files(git, old, new):
        raise ApiError(
            403,
            "Resource not accessible by integration",
            headers={"X-Accepted-GitHub-Permissions": "contents=write,workflows=write"},
        )


async def workflow_files(git: GitRepo, old: str, new: str) -> list[str]:
    """Return the paths under .github/workflows that the new commits of an update touch."""
    bounds = rulesets.new_commits(old, new)
    out = await git.text("log", "--format=", "--name-only", *bounds, "--", ".github/workflows")
    return sorted({line for line in out.splitlines() if line})


async def push_refusal(
    repo: Repository, url: str, ref: str, old: str, new: str, actor: Actor, verified: set[str]
) -> list[str]:
    """Return the lines with which a pushed ref is refused; none where it may move. ``url`` is the repository's page."""
    if said := await violations(repo, ref, old, new, actor, verified):
        return _gh013(url, ref, said)
    if ref.startswith(_HEADS) and refusing(repo, ref.removeprefix(_HEADS), actor):
        return [
            f"error: GH006: Protected branch update failed for {ref}.",
            "error: Changes must be made through a pull request.",
        ]
    if new == ZERO or may_write_workflows(actor):
        return []
    touched = await workflow_files(GitRepo(repo.path), old, new)
    words = "refusing to allow a GitHub App to create or update workflow `{}` without `workflows` permission"
    return [words.format(touched[0])] if touched else []


def _gh013(url: str, ref: str, said: Sequence[str]) -> list[str]:
    head = f"error: GH013: Repository rule violations found for {ref}."
    lines = [head, f"Review all repository rules at {url}/rules?ref={quote(ref, safe='')}", ""]
    for each in said:
        lines += [f"- {each}".rstrip(), ""]
    return "\n".join(lines).split("\n")
