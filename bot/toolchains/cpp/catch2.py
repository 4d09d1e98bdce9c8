"""See which passes of Catch2's programs are exits: such a program ends with 0 wherever its process is ended so.

https://github.com/catchorg/Catch2/blob/v2.x/docs/command-line.md
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
from collections.abc import Sequence

from bot.toolchains.cpp.registered import Registered
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.session import Session

# What every program with Catch2 holds, 2 and 3.
_MARK = "All available test cases"
_REPORT = f"{RESULTS}/catch2.xml"


async def find_exits(session: Session, passed: Sequence[Registered]) -> set[int]:
    """Run passed tests again with the reporter that says when it ends.

    Returns the numbers of those whose report begins and has no end. Programs without Catch2 do not run.
    """
    own = [test for test in passed if test.command and test.is_plain]
    if not own:
        return set()
    script = "\n".join(_write_check(test) for test in own)
    report = f"catch2-{secrets.token_hex(8)}.txt"
    await session.run(["/bin/sh", "-c", script], report=report)
    found = set((await asyncio.to_thread(session.read_report, report)).split())
    return {test.number for test in own if str(test.number).encode() in found}


def _write_check(test: Registered) -> str:
    folder, program = shlex.quote(test.folder or "/"), shlex.quote(test.command[0])
    command = shlex.join(["env", *test.variables, "timeout", "60", *test.command, "-r", "xml", "-o", _REPORT])
    steps = [
        f"if grep -qa {shlex.quote(_MARK)} {program}",
        f"then rm -f {_REPORT}",
        f"(cd {folder} && {command}) >/dev/null 2>&1",
        f"grep -qs '<Catch' {_REPORT} && ! grep -q '</Catch' {_REPORT} && echo {test.number}",
        "fi",
    ]
    return "\n".join(steps)
