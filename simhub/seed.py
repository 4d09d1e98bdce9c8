"""Bare repositories made from nothing, from a folder, or from another repository."""

from __future__ import annotations

import tempfile
from pathlib import Path

from simhub.gitrepo import GitError, git_now, identity
from simhub.model import Label, World

_LABELS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("duplicate", "cfd3d7", "This issue or pull request already exists"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("good first issue", "7057ff", "Good for newcomers"),
    ("help wanted", "008672", "Extra attention is needed"),
    ("invalid", "e4e669", "This doesn't seem right"),
    ("question", "d876e3", "Further information is requested"),
    ("wontfix", "ffffff", "This will not be worked on"),
)
_AUTHOR = identity("Octo Cat", "octocat@users.noreply.example.org")


def default_labels(world: World) -> list[Label]:
    return [Label(world.new_id(), name, color, text, default=True) for name, color, text in _LABELS]


def create(path: Path, source: Path | None, default_branch: str, shared: bool) -> str:
    """Make the bare repository at ``path``; returns its default branch. Raises GitError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if source is not None and _is_repository(source):
        branch = _clone(path, source, default_branch, shared)
    else:
        git_now(path.parent, "init", "--quiet", "--bare", f"--initial-branch={default_branch}", str(path))
        branch = default_branch
        if source is not None:
            _commit_folder(path, source, branch)
    for key, value in _SETTINGS.items():
        git_now(path, "config", key, value)
    return branch


_SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.hideRefs": "refs/pull",
    "receive.denyDeleteCurrent": "refuse",
    "core.logAllRefUpdates": "false",
}


def _is_repository(source: Path) -> bool:
    return (source / ".git").exists() or ((source / "HEAD").is_file() and (source / "objects").is_dir())


def _clone(path: Path, source: Path, default_branch: str, shared: bool) -> str:
    git_now(path.parent, "clone", "--quiet", "--bare", *(["--shared"] if shared else []), str(source), str(path))
    git_now(path, "remote", "remove", "origin")
    try:
        return git_now(path, "symbolic-ref", "--short", "HEAD")
    except GitError:
        git_now(path, "update-ref", f"refs/heads/{default_branch}", "HEAD")
        git_now(path, "symbolic-ref", "HEAD", f"refs/heads/{default_branch}")
        return default_branch


def _commit_folder(path: Path, source: Path, branch: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        env = {"GIT_DIR": str(path), "GIT_WORK_TREE": str(source), "GIT_INDEX_FILE": f"{scratch}/index"}
        git_now(source, "add", "--all", ".", env=env)
        tree = git_now(source, "write-tree", env=env)
        commit = git_now(path, "commit-tree", tree, "-m", "Initial commit", env=_AUTHOR)
    git_now(path, "update-ref", f"refs/heads/{branch}", commit)
