"""List the paths that no change may touch: CI, lock files, settings of tools and agents."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatch

from bot.patterns import matches

PROTECTED_FOLDERS = frozenset(
    [
        ".git", ".github", ".gitlab", ".gitea", ".forgejo", ".circleci", ".buildkite", ".husky", ".claude", ".cursor",
        ".vscode", ".idea", ".devcontainer", ".codex", ".gemini", ".windsurf", ".clinerules", ".roo", ".woodpecker",
        ".azuredevops", ".teamcity", ".cargo", ".mvn", ".yarn", ".bundle",
    ]
)  # fmt: skip
PROTECTED_FILES = (
    ".gitmodules", ".gitattributes", ".lfsconfig", "codeowners", ".gitlab-ci.yml", ".drone.yml", ".woodpecker.yml",
    "bitbucket-pipelines.yml", ".windsurfrules", ".clinerules", ".aider.conf.yml", ".yarnrc.yml", "uv.toml", "pip.conf",
    ".travis.yml", "azure-pipelines.yml", "appveyor.yml",
    "jenkinsfile", ".pre-commit-config.yaml", "*.lock", "*.lockb", "package-lock.json", "npm-shrinkwrap.json",
    "pnpm-lock.yaml", "go.sum", "claude.md", "agents.md", "gemini.md", ".mcp.json", ".cursorrules", ".envrc", ".env",
    ".npmrc", ".pypirc", "*.pth", "sitecustomize.py", "usercustomize.py", "ruff.toml", ".ruff.toml", "mypy.ini",
    ".flake8", ".pylintrc", ".yarnrc", ".pnpmfile.cjs", "pnpm-workspace.yaml", "lerna.json", "turbo.json", "nx.json",
    ".nvmrc", ".node-version", ".ruby-version", ".tool-versions", ".eslintrc*", "eslint.config.*", ".eslintignore",
    "biome.json*", ".prettierrc*",
    "rustfmt.toml", ".rustfmt.toml", "clippy.toml", ".clippy.toml", "deny.toml",
)  # fmt: skip


def is_protected(path: str, also: Collection[str] = (), renewed: Collection[str] = ()) -> bool:
    """Say whether no change may touch this path; case does not count.

    Any folder counts. ``also`` are the repository's own patterns (``protected`` in its policy), as in ``.gitignore``.
    ``renewed`` are exact paths that a tool wrote: their names do not count, all else does.
    """
    folded = path.casefold()
    *folders, name = folded.split("/")
    return (
        not PROTECTED_FOLDERS.isdisjoint(folders)
        or (path not in renewed and any(fnmatch(name, pattern) for pattern in PROTECTED_FILES))
        or any(matches(pattern.casefold(), folded) for pattern in also)
    )
