"""Write a job's log as GitHub keeps it: a time before each line, a group before each step's output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_TICK = timedelta(milliseconds=3)
_POST = (
    "Post job cleanup.",
    "[command]/usr/bin/git version",
    "git version 2.51.0",
    "[command]/usr/bin/git config --local --name-only --get-regexp core\\.sshCommand",
    "Temporarily overriding HOME='/home/runner/work/_temp' before making global git config changes",
    "Cleaning up orphan processes",
)


@dataclass(frozen=True)
class Section:
    """What one step printed. ``command`` is its ``run``, or the name of its action; 0 ``exit_code`` is silent."""

    command: str
    output: str = ""
    exit_code: int = 0
    shell: str = "/usr/bin/bash -e {0}"


def write_log(sections: Sequence[Section], began: datetime, *, bom: bool = False, crlf: bool = False) -> str:
    """Return the log of a job with these steps, from the runner's greeting to its clean-up."""
    lines = ["Current runner version: '2.336.0'", "##[group]Runner Image", "Image: ubuntu-24.04", "##[endgroup]"]
    lines += ["Prepare workflow directory", "Prepare all required actions", "Complete job name"]
    for section in sections:
        lines += _lines(section)
    lines += _POST
    end = "\r\n" if crlf else "\n"
    stamped = [f"{_stamp(began + number * _TICK)} {line}" for number, line in enumerate(lines)]
    return ("\ufeff" if bom else "") + end.join(stamped) + end


def _lines(section: Section) -> list[str]:
    first, *rest = section.command.rstrip("\n").split("\n")
    shell = [f"shell: {section.shell}"] if section.shell else []
    lines = [f"##[group]Run {first}", *(f"\x1b[36;1m{line}\x1b[0m" for line in [first, *rest]), *shell, "##[endgroup]"]
    lines += section.output.rstrip("\n").split("\n") if section.output else []
    return lines + ([f"##[error]Process completed with exit code {section.exit_code}."] if section.exit_code else [])


def _stamp(moment: datetime) -> str:
    """Return a time with seven digits behind the seconds, as the runner writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
