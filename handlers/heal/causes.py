"""Tell causes that need no experiment from the records of CI.

Log lines are only read for words; structure is the API's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from handlers.heal.records import Kind, RedJob
from handlers.revise.failed_checks import find_trouble

_SET_UP = ("Set up job", "Initialize containers", "Set up runner")
_KILLED = ("exit code 137", "out of memory", "No space left on device", "Killed")


class Recorded(NamedTuple):
    """A cause that the records show, with what they show."""

    kind: Kind
    sentence: str


def explain_records(red: Sequence[RedJob]) -> Recorded | None:
    """Return the cause where no change of the code could help, else None.

    All failed jobs must agree: where one failed in a command of the repository's, that one is looked into.
    """
    found = [_explain(job) for job in red]
    known = [one for one in found if one is not None]
    return known[0] if known and len(known) == len(found) else None


def _explain(job: RedJob) -> Recorded | None:
    if job.app != "github-actions" or not job.run:
        return None
    if not job.step and job.conclusion != "timed_out":
        return Recorded("infrastructure", f"Infrastructure: the job {job.name} died outside of its steps. {_RERUN}")
    if job.step in _SET_UP or is_action(job.step):
        words = find_trouble(job.said)
        if words or job.step in _SET_UP:
            said = f" (“{words}”)" if words else ""
            return Recorded(
                "infrastructure",
                f"Infrastructure: {job.name} failed in `{job.step}`{said}, before a command of the repository's was to "
                f"blame. {_RERUN}",
            )
        return Recorded(
            "configuration",
            f"Configuration: {job.name} failed in the action `{job.step}`. Workflow files and their actions are never "
            "edited by me.",
        )
    return _explain_resources(job)


def _explain_resources(job: RedJob) -> Recorded | None:
    if job.conclusion == "timed_out":
        return Recorded("resource", f"Resource: {job.name} was stopped by its time limit. I raise no limits.")
    words = next((words for words in _KILLED if words.casefold() in job.said.casefold()), "")
    if words:
        return Recorded("resource", f"Resource: the machine of {job.name} ran out of something (“{words}”). {_RERUN}")
    return None


def is_action(step: str) -> bool:
    """Return whether a step is an action by the name that Actions gives it."""
    name = step.removeprefix("Post ").removeprefix("Run ")
    return "@" in name and "/" in name.partition("@")[0] and " " not in name


_RERUN = "I changed nothing; `/rerun` runs it once more."
