"""Name the permission sets that installation tokens are minted with.

One token is cached per installation and set, so tasks share these few instead of asking for their own. The keys and
levels are GitHub's: https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

READ_CODE: Final = {"contents": "read", "metadata": "read"}
READ_CHECKS: Final = {"checks": "read", "contents": "read", "metadata": "read"}
READ_ACTIONS: Final = {"actions": "read", "metadata": "read"}
READ_MEMBERS: Final = {"members": "read", "metadata": "read"}
READ: Final = {"contents": "read", "issues": "read", "pull_requests": "read", "metadata": "read"}
COMMENT: Final = {"issues": "write", "metadata": "read"}
REVIEW: Final = {"pull_requests": "write", "metadata": "read"}
CHECKS: Final = {"checks": "write", "issues": "write", "pull_requests": "write", "metadata": "read"}
PUSH: Final = {"contents": "write", "metadata": "read"}
READ_DEPLOYMENTS: Final = {"deployments": "read", "contents": "read", "metadata": "read"}
DEPLOY: Final = {"deployments": "write", "metadata": "read"}
DISPATCH: Final = {"actions": "write", "metadata": "read"}
OPEN_PULL: Final = {"pull_requests": "write", "contents": "read", "metadata": "read"}
# Resolving a thread also needs the contents permission.
RESOLVE_THREADS: Final = {"pull_requests": "write", "contents": "write", "metadata": "read"}

_LEVELS = ("read", "write", "admin")


def satisfies(held: Mapping[str, str], accepted: str) -> bool:
    """Return True if a refusal names nothing that a token with these lacks.

    ``accepted`` is the header X-Accepted-GitHub-Permissions: ``issues=write; pull_requests=write,contents=read``, of
    which one alternative is enough:
    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    return not accepted or any(
        all(_reaches(held, *need.strip().partition("=")[::2]) for need in alternative.split(","))
        for alternative in accepted.split(";")
    )


def _reaches(held: Mapping[str, str], name: str, level: str) -> bool:
    has = held.get(name, "")
    return has in _LEVELS and level in _LEVELS and _LEVELS.index(has) >= _LEVELS.index(level)
