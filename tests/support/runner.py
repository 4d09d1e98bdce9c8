"""A runner of GitHub Actions around one step: its variables and files, and how it reads what the step leaves.

After the runner's own ``ActionCommandManager`` and ``FileCommandManager``: commands are looked for in every line of the
log, in the new and the old form, unless they are stopped; outputs are ``NAME=VALUE`` or ``NAME<<MARK``.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
STEP = ROOT / "action" / "forgehand"
_NEW = re.compile(r"\s*::([A-Za-z0-9-]+)(?: ([^:]*))?::(.*)", re.DOTALL)
_OLD = re.compile(r".*?##\[([A-Za-z0-9-]+)(?: ([^\]]*))?\](.*)", re.DOTALL)
_KNOWN = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "notice", "remove-matcher",
    "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip


class Command(NamedTuple):
    """A command that the runner obeys."""

    name: str
    properties: str
    message: str


@dataclass
class StepEnd:
    """What is left of a step: exit code, log, the commands that were obeyed, outputs, the job's summary."""

    code: int
    log: str
    commands: list[Command] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def told(self, name: str) -> str:
        """The messages of one kind of command, decoded."""
        found = [each.message for each in self.commands if each.name == name]
        return "\n".join(found).replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


@dataclass
class Runner:
    """A job's runner: ``event`` is what started the run, ``variables`` what its job has besides."""

    root: Path
    event_name: str = "workflow_dispatch"
    event: Path | Mapping[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    repository: str = "octo/sample"
    attempt: int = 1

    def environment(self, inputs: Mapping[str, str]) -> dict[str, str]:
        """What the step sees; creates the runner's files."""
        ours = ("FORGEHAND_", "ANTHROPIC_", "OPENAI_", "GITHUB_", "ACTIONS_", "INPUT_", "RUNNER_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        event = self.event
        if not isinstance(event, Path):
            event = self.root / "event.json"
            event.write_text(json.dumps(self.event))
        files = {name: self.root / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        for file in files.values():
            file.write_bytes(b"")
        (self.root / "workspace").mkdir(exist_ok=True)
        (self.root / "temp").mkdir(exist_ok=True)
        return {
            **kept,
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_REPOSITORY_ID": "7",
            "GITHUB_RUN_ID": "70",
            "GITHUB_RUN_ATTEMPT": str(self.attempt),
            "GITHUB_JOB": "forgehand",
            "GITHUB_ACTION": "__run",
            "GITHUB_WORKSPACE": str(self.root / "workspace"),
            "RUNNER_TEMP": str(self.root / "temp"),
            **{name: str(file) for name, file in files.items()},
            **{f"INPUT_{name.upper().replace('-', '_')}": value for name, value in inputs.items()},
            **self.variables,
        }

    async def start(self, inputs: Mapping[str, str]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-B", STEP, env=self.environment(inputs), stdout=pipe, stderr=pipe, cwd=self.root
        )

    async def end(self, process: asyncio.subprocess.Process) -> StepEnd:
        out, err = await process.communicate()
        assert b"Traceback" not in err, err.decode()
        assert process.returncode is not None
        log = out.decode("utf-8", "replace") + err.decode("utf-8", "replace")
        assert (self.root / "github_env").read_bytes() == b""
        outputs = read_outputs((self.root / "github_output").read_text())
        summary = (self.root / "github_step_summary").read_bytes()
        assert len(summary) <= 1024 * 1024
        return StepEnd(process.returncode, log, obeyed(log), outputs, summary.decode())

    async def run(self, **inputs: str) -> StepEnd:
        """Run the step to its end; inputs are written with underscores."""
        return await self.end(await self.start({name.replace("_", "-"): value for name, value in inputs.items()}))


def obeyed(log: str, *, stops: bool = True) -> list[Command]:
    """The commands in a log that the runner obeys; without ``stops`` one that cannot be told to obey none."""
    found: list[Command] = []
    resume = ""
    for line in re.split(r"\r\n|\r|\n", log):
        match = _NEW.fullmatch(line) or _OLD.fullmatch(line)
        if match is None:
            continue
        name, properties, message = match[1], match[2] or "", match[3]
        if resume:
            resume = "" if name == resume else resume
        elif name in _KNOWN:
            found.append(Command(name, properties, message))
            resume = message if name == "stop-commands" and stops else ""
    return found


def read_outputs(text: str) -> dict[str, str]:
    """The outputs in the runner's file. Raises AssertionError where the runner would fail the step."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, arrow, mark = line.partition("<<")
        if not arrow or "=" in name:
            name, equals, value = line.partition("=")
            assert equals, f"invalid format {line!r}"
            found[name] = value
            continue
        value_lines = []
        for each in lines:
            if each == mark:
                break
            value_lines.append(each)
        else:
            raise AssertionError(f"no line {mark!r} behind {name!r}")
        found[name] = "\n".join(value_lines)
    return found
