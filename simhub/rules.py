"""What GitHub refuses when a branch is written: protected branches, rulesets, workflow files."""

from __future__ import annotations

from fnmatch import fnmatch

from simhub.call import Actor, allows
from simhub.errors import ApiError
from simhub.gitrepo import ZERO, GitRepo
from simhub.model import Protection, Repository


def protecting(repo: Repository, branch: str) -> list[Protection]:
    return [rule for rule in repo.protections if fnmatch(branch, rule.pattern)]


def refusing(repo: Repository, branch: str, actor: Actor) -> Protection | None:
    """The rule that keeps this actor from writing the branch directly."""
    names = {actor.user.login, actor.user.login.removesuffix("[bot]")}
    return next((rule for rule in protecting(repo, branch) if not names & rule.allow), None)


def may_write_workflows(actor: Actor) -> bool:
    return actor.token is None or allows(actor.token.permissions, "workflows:write")


async def check_ref_update(repo: Repository, ref: str, old: str, new: str, actor: Actor) -> None:
    """Refuse an update over REST in GitHub's words (422, or 403 for workflow files)."""
    if ref.startswith("refs/heads/"):
        rule = refusing(repo, ref[11:], actor)
        if rule and rule.ruleset:
            raise ApiError(422, "Repository rule violations found\n\nChanges must be made through a pull request.\n\n")
        if rule:
            words = "Protected branch update failed for " + ref
            raise ApiError(422, words if new != ZERO else "Cannot delete this protected branch")
    if new != ZERO:
        await check_workflows(GitRepo(repo.path), old, new, actor)


async def check_workflows(git: GitRepo, old: str, new: str, actor: Actor) -> None:
    """An App without the workflows permission may not bring in changes under .github/workflows."""
    if not may_write_workflows(actor) and await workflow_files(git, old, new):
        raise ApiError(
            403,
            "Resource not accessible by integration",
            headers={"X-Accepted-GitHub-Permissions": "contents=write,workflows=write"},
        )


async def workflow_files(git: GitRepo, old: str, new: str) -> list[str]:
    """Paths under .github/workflows that the new commits of an update touch."""
    bounds = [f"{old}..{new}"] if old != ZERO else [new, "--not", "--branches"]
    out = await git.text("log", "--format=", "--name-only", *bounds, "--", ".github/workflows")
    return sorted({line for line in out.splitlines() if line})
