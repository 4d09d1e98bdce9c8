"""Schemathesis as a judge from outside: does the API do what its document says, whoever asks?

``python -m tests.support.api_judge [EXAMPLES]`` has it ask every operation as nobody, as a reader and as an
administrator, with all its checks; the last line is JSON. The same examples come each time.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.support.api_server import be_quiet, served

ROLES = ("nobody", "reader", "admin")
_COUNTED = re.compile(r"(\d+) generated, (\d+) passed")
_RUN = "from schemathesis.cli import schemathesis; schemathesis()"
_OPTIONS = ("--checks", "all", "--continue-on-failure", "--generation-deterministic", "--no-color")
# An unknown header of a request for events is a fault to it, once it has learnt a task's id; HTTP wants it ignored.
_CONFIG = """[[operations]]
include-name = "GET /api/v1/tasks/{id}/events"
checks.negative_data_rejection.expected-statuses = [200, 204, "4xx"]
"""
_ADMIN = "examples,fuzzing,stateful"  # who may start something follows it
_BOUNDARIES = "coverage"  # they take long
_OTHERS = "examples,fuzzing"


class Judgement(NamedTuple):
    """What came of asking as one role; ``said`` is all that Schemathesis printed."""

    role: str
    cases: int
    failed: bool
    said: str


async def judge(told: dict[str, str], role: str, examples: int, folder: Path, *, boundaries: bool = False) -> Judgement:
    """Ask every operation, each with so many generated examples; as administrator also ``boundaries`` of its fields.

    Without a token all of them are asked. Who has one leaves out what is planned: its 501 would be a failure.
    """
    asked = ["run", told["document"], "--max-examples", str(examples), *_OPTIONS]
    phases = _ADMIN if role == "admin" else _OTHERS
    asked += ["--phases", f"{phases},{_BOUNDARIES}" if boundaries and role == "admin" else phases]
    if role != "nobody":
        asked += ["-H", f"Authorization: Bearer {told[role]}", "--exclude-tag", "planned"]
    await asyncio.to_thread((folder / "schemathesis.toml").write_text, _CONFIG)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _RUN, *asked, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode(errors="replace")
    counted = _COUNTED.search(said)
    cases, passed = (int(counted[1]), int(counted[2])) if counted else (0, -1)
    return Judgement(role, cases, process.returncode != 0 or cases != passed, said)


async def main(examples: int) -> bool:
    """Judge as every role; return True if nothing failed."""
    be_quiet()
    with tempfile.TemporaryDirectory() as folder:
        async with served(Path(folder)) as told:
            judgements = [await judge(told, role, examples, Path(folder), boundaries=True) for role in ROLES]
    for each in judgements:
        print(f"--- {each.role}\n{each.said}")
    failed = [each.role for each in judgements if each.failed]
    print(json.dumps({"examples": examples, "cases": {each.role: each.cases for each in judgements}, "failed": failed}))
    return not failed


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)) else 1)
