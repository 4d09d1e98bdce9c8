"""Parse and lint, before and after: only what the change makes worse counts."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter

from bot.change.records import Gate
from bot.edits.syntax import find_syntax_error
from bot.git.changes import Changes
from bot.git.mirrors import Mirror

_SECONDS = 60.0
_PLACE = re.compile(r"^[^:]*:\d+(?::\d+)?:? ")


async def parse_gate(mirror: Mirror, base_sha: str, changes: Changes) -> Gate:
    """Require that no file that parsed stops parsing."""
    faults = []
    for path, after in changes.files.items():
        before = await mirror.read(base_sha, path) or ""
        fault = await asyncio.to_thread(find_syntax_error, path, before, after) if after is not None else None
        if fault is not None:
            faults.append(f"{path}:{fault[0]}: {fault[1]}")
    return Gate(name="parse", passed=not faults, after=f"{len(faults)} stopped parsing", detail="\n".join(faults))


async def lint_gates(mirror: Mirror, base_sha: str, changes: Changes) -> tuple[Gate, ...]:
    """Require no new pyflakes findings, counted by message: lines move.

    There is no gate where no Python changed: nothing was looked at.
    """
    new: list[str] = []
    found = 0
    files = {path: text for path, text in changes.files.items() if path.endswith(".py") and text is not None}
    if not files:
        return ()
    for path, after in files.items():
        before = Counter(await _pyflakes(await mirror.read(base_sha, path) or ""))
        found += before.total()
        new += [f"{path}: {message}" for message in (Counter(await _pyflakes(after)) - before).elements()]
    after = f"{len(new)} new"
    return (Gate(name="lint", passed=not new, before=f"{found} findings", after=after, detail="\n".join(new)),)


async def _pyflakes(text: str) -> list[str]:
    """Return the findings of pyflakes without their places."""
    # It is a process of its own: a hostile file may make a parser hang or die.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "pyflakes",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(text.encode()), _SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return ["pyflakes did not come to an end"]
    if process.returncode not in (0, 1):
        return [f"pyflakes could not read it (exit code {process.returncode})"]
    return [_PLACE.sub("", line) for line in output.decode(errors="replace").splitlines()]
