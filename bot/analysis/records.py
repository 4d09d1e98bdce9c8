"""Define the static layer's result: findings, tools that ran, and others."""

from __future__ import annotations

import posixpath
from typing import Literal

from pydantic import ConfigDict, Field, field_validator

from bot.types import ForgehandError, JsonModel

Severity = Literal["error", "warning", "note"]


class AnalysisError(ForgehandError):
    """Error that an analyser's report cannot be read; it says which and why."""


class StaticFinding(JsonModel):
    """Statement of a tool about lines of the head."""

    tool: str
    rule: str
    path: str
    line: int  # from 1, as all numbers here
    end_line: int
    message: str  # never holds a secret's value
    severity: Severity
    columns: tuple[int, int] | None = None  # the first character, and the one after the last, of what it is about


class ToolRun(JsonModel):
    """Tool that ran to its end, with its command and the files it read."""

    tool: str
    version: str
    command: str
    seconds: float
    files: int


class NotRun(JsonModel):
    """Tool that gave no complete answer; ``reason`` says how to fix it."""

    tool: str
    reason: str


class Analysis(JsonModel):
    """Findings of both kinds, and the tools that ran or did not."""

    new: tuple[StaticFinding, ...] = ()  # on changed lines and not in the base, most severe first
    # the others of the head; first what is new elsewhere, as a name whose definition was removed
    evidence: tuple[StaticFinding, ...] = ()
    ran: tuple[ToolRun, ...] = ()
    not_run: tuple[NotRun, ...] = ()
    unread: tuple[str, ...] = ()  # files left out: too large, no regular file
    unruled: tuple[str, ...] = ()  # files of code that no tool has rules for: only secrets were looked for


class Analyser(JsonModel):
    """Analyser of a repository's policy; only where its code may run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str = Field(min_length=1, max_length=2000)  # a shell line, run at the top of the tree
    sarif: str = Field(default="results.sarif", min_length=1, max_length=200)  # the file that it writes
    minutes: float = Field(default=5.0, gt=0, le=30)

    @field_validator("sarif")
    @classmethod
    def _inside_the_tree(cls, path: str) -> str:
        if posixpath.normpath(path) != path or path.startswith(("/", "../")) or path in (".", ".."):
            raise ValueError("must be a plain path below the top of the repository")
        return path
