"""Recognise the branches that tasks push to."""

from __future__ import annotations

import re

_BRANCH = re.compile(r".*?(?P<what>[a-z]+-\d+)-(?P<task>[0-9a-f]+)")


def branch_name(prefix: str, recipe: str, number: int | None, task_id: str) -> str:
    """Return the branch of a task, whatever it is about."""
    return f"{prefix}{recipe}-{number or 0}-{task_id}"


def task_of(branch: str) -> str | None:
    """Return the task a branch is named after; anybody may name one so."""
    found = _BRANCH.fullmatch(branch)
    return found["task"] if found else None


def is_for(branch: str, recipe: str, number: int) -> bool:
    """Return whether a branch is named after a recipe's task for an issue."""
    found = _BRANCH.fullmatch(branch)
    return found is not None and found["what"] == f"{recipe}-{number}"
