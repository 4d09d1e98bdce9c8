"""Define what a heal's steps pass on, stored as JSON."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field

from bot.change.records import Brief, Evidence, Judgement
from bot.toolchains.lock_files import StaleLock
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput

Kind = Literal["ours", "base", "flaky", "infrastructure", "configuration", "resource", "unknown"]
_PATH = re.compile(r"[\w./-]{1,200}\.\w{1,4}\b")


class HealInput(TaskInput):
    """Input of a heal."""

    branch: str = Field(
        default="", title="branch", description="the red branch; by default the pull request's, or the default branch"
    )
    sha: str = Field(default="", title="sha", description="the commit that was seen to be red")


HealTask = Request[HealInput]


class FailedCommand(JsonModel):
    """The ``run`` of a failed step as the workflow file of that commit has it."""

    text: str  # with what is static expanded, without lines that only install
    folder: str = ""
    env: dict[str, str] = Field(default={})
    clean: bool = False  # besides ending well it must leave all tracked files as they are
    left_out: tuple[str, ...] = ()  # lines that only install: that is done already


class RedJob(JsonModel):
    """A failed check of the head, with the job behind it where Actions ran it."""

    id: int
    name: str
    app: str
    conclusion: str
    said: str = ""  # its annotations, and the excerpt of its log
    run: int = 0
    workflow: str = ""  # path of the workflow file
    step: str = ""  # the one that failed; "" where the job died outside of any
    command: FailedCommand | None = None
    why_not: str = ""  # why the step's command cannot be run here

    @property
    def shown(self) -> str:
        """Return its name and the step that failed."""
        return f"{self.name}, step {self.step}" if self.step else self.name


class HealBrief(Brief):
    """The red head, and what is red about it; ``base_sha`` is the head."""

    red: tuple[RedJob, ...] = ()
    good_sha: str = ""  # where the same was green: the base branch's commit, or the last green one
    passed_too: bool = False  # CI had both outcomes on this very commit
    kind: Kind | None = None  # the cause, where the records alone tell it

    def named_paths(self) -> tuple[str, ...]:
        return tuple(path for job in self.red for path in _PATH.findall(job.said))


class SeenCommand(JsonModel):
    """CI's failing command, run here on the red head."""

    job: str
    command: FailedCommand
    exit_code: int | None
    ended: str
    output: str  # the end of it
    failed: bool
    ours: bool = False  # it fails here for the reason that CI saw
    same: bool = False  # it says here what CI's log says, so a prompt shows that once
    why: str = ""


class Diagnosis(JsonModel):
    """The cause as experiments found it."""

    kind: Kind
    sentence: str
    tests: tuple[str, ...] = ()  # that fail on the head each time, and not where it was green
    commands: tuple[SeenCommand, ...] = ()  # that have to pass after the heal
    lock: StaleLock | None = None  # that is out of date, and nothing else is red


class HealEvidence(Evidence[HealTask, HealBrief, Judgement]):
    """Evidence of a heal: the diagnosis beside what every change has."""

    diagnosis: Diagnosis | None = None
    mended_by: tuple[str, ...] = ()  # commands that made the change, without a model
    versions: str = ""  # what they changed in a lock file, in words
    renewed: bool = False  # they renewed snapshots: what is shown is that the tests pass, not that the code is right
