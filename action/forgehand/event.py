"""Read the event that set the run off, as the runner keeps it.

All of it may be written by anybody: a part of another type than expected counts as missing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api import Json

_COMMAND = re.compile(r"/([a-z][a-z-]{0,40})(?:[ \t]+(.*))?")
COMMENTS = frozenset({"issue_comment", "pull_request_review_comment"})


@dataclass(frozen=True)
class Event:
    """The event that set the run off, as the runner keeps it in a file."""

    name: str
    file: Path
    payload: Json

    @classmethod
    def read(cls, env: Mapping[str, str]) -> Event:
        """Read the runner's file; without one there is an empty event."""
        file = Path(env.get("GITHUB_EVENT_PATH") or os.devnull)
        try:
            payload = json.loads(file.read_bytes() or b"{}")
        except (OSError, ValueError):
            payload = {}
        return cls(env.get("GITHUB_EVENT_NAME", ""), file, payload if isinstance(payload, dict) else {})

    def part(self, *path: str) -> Any:
        """Return what stands at a place, None where there is nothing."""
        value: Any = self.payload
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def number(self) -> int | None:
        """Return the number of the issue or pull request."""
        found = self.part("issue", "number") or self.part("pull_request", "number")
        return found if isinstance(found, int) else None

    @property
    def from_fork(self) -> bool:
        """Return True if GitHub trusts its run with no secret and no identity."""
        if self.part("pull_request") is None or self.name == "pull_request_target":
            return False
        return bool(self.part("pull_request", "head", "repo", "id") != self.part("pull_request", "base", "repo", "id"))

    def command(self) -> tuple[str, str] | None:
        """Return the command that a new comment begins with, and its text."""
        text = self.part("comment", "body")
        if self.name not in COMMENTS or self.part("action") != "created" or not isinstance(text, str):
            return None
        found = _COMMAND.fullmatch((text.strip().splitlines() or [""])[0].strip())
        return (found[1], found[2] or "") if found else None
