"""Count the bytes of each language on a repository's default branch, by file name."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from simhub.call import Call, routes

_LANGUAGES = {
    ".c": "C", ".cpp": "C++", ".cs": "C#", ".css": "CSS", ".go": "Go", ".html": "HTML", ".java": "Java",
    ".js": "JavaScript", ".kt": "Kotlin", ".php": "PHP", ".py": "Python", ".rb": "Ruby", ".rs": "Rust",
    ".sh": "Shell", ".swift": "Swift", ".ts": "TypeScript", ".tsx": "TypeScript",
}  # fmt: skip


@routes.add("GET", "/repos/{owner}/{repo}/languages", needs="metadata:read")
async def languages(call: Call) -> Any:
    """Most bytes first; what GitHub does not count as a language (prose, data) is not in it."""
    head = await call.git.resolve(call.repo.default_branch)
    found = Counter[str]()
    for entry in await call.git.tree(head, recursive=True) if head else ():
        language = _LANGUAGES.get(PurePosixPath(entry.path).suffix)
        if language and entry.size:
            found[language] += entry.size
    return dict(found.most_common())
