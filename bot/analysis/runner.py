"""Run an analyser on copies of its files; report failures, never raise."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.analysis.programs import Program
from bot.analysis.records import AnalysisError, NotRun, StaticFinding, ToolRun
from bot.analysis.sarif import MAX_BYTES, clean_message
from bot.analysis.staging import SIDES, Source, read_regular, stage
from bot.analysis.tools import TEST_PATHS, Tool
from bot.sandbox.port import WORK, CommandResult, Limits, Sandbox, SandboxError

LIMITS = Limits(seconds=60, memory_mb=1536, processes=64, file_mb=MAX_BYTES >> 20, tmp_mb=128, output_kb=16)
_REPORT = "report.json"
_ERRORS = "errors.txt"
_ENV = {"FORGEHAND_TEST_PATHS": TEST_PATHS}
# The report goes to a file: it may be longer than the output a sandbox keeps, and nothing may be mixed into it.
_TO_FILE = f'exec "$@" > {_REPORT} 2> {_ERRORS}'
_REFUSED = "refused.txt"


@dataclass(frozen=True)
class Outcome:
    """Outcome of one analyser: findings of both sides, by the head's paths."""

    listed: ToolRun | NotRun
    unparsed: NotRun | None = None
    base: tuple[StaticFinding, ...] = ()
    head: tuple[StaticFinding, ...] = ()


@asynccontextmanager
async def scratch() -> AsyncIterator[Path]:
    """Make a directory that is removed afterwards."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-analysis-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def run_tool(sandbox: Sandbox, tool: Tool, sources: Sequence[Source]) -> Outcome:
    """Run one tool over ``sources``, all of which it reads."""
    program = await asyncio.to_thread(tool.find)
    if program is None:
        return Outcome(NotRun(tool=tool.name, reason=f"{tool.name} is not here. {tool.install}"))
    try:
        async with scratch() as folder:
            files = await asyncio.to_thread(stage, folder, sources)
            argv = ["/bin/sh", "-c", _TO_FILE, "sh", *program.start, *tool.options, *files]
            result = await sandbox.run(argv, folder, mounts=program.mounts, limits=LIMITS, env=_ENV)
            errors = await asyncio.to_thread(_read_text, folder, _ERRORS)
            refused: list[str] = []
            if result.exit_code in tool.exit_codes and tool.nameless is not None and tool.nameless.search(errors):
                refused = await _try_each(sandbox, tool, program, folder, files)
            return await asyncio.to_thread(_read, tool, program, folder, result, errors, refused, len(sources))
    except (SandboxError, AnalysisError) as error:
        return Outcome(NotRun(tool=tool.name, reason=error.message))
    except OSError as error:
        return Outcome(NotRun(tool=tool.name, reason=f"The files could not be laid out: {error.strerror or error}."))


async def _try_each(sandbox: Sandbox, tool: Tool, program: Program, folder: Path, files: Sequence[str]) -> list[str]:
    """Return the files that the tool refuses when given each alone."""
    # One run of the sandbox does it: a start takes a tenth of a second.
    command = shlex.join([*program.start, *tool.options])
    loop = f'for file; do {command} "$file" > /dev/null 2>&1 || printf "%s\\n" "$file"; done > {_REFUSED}'
    argv = ["/bin/sh", "-c", loop, "sh", *files]
    await sandbox.run(argv, folder, mounts=program.mounts, limits=LIMITS, env=_ENV)
    return (await asyncio.to_thread(_read_text, folder, _REFUSED)).splitlines()


def _read_text(folder: Path, name: str) -> str:
    return (read_regular(folder, name) or b"").decode(errors="replace")


def describe_end(result: CommandResult) -> str | None:
    """Describe why a command was stopped; None where it ended by itself."""
    ends = {
        "timeout": f"it was stopped after {result.seconds:.0f} s",
        "memory": "it used too much memory",
        "disk": "it wrote too much",
    }
    return None if result.ended == "exit" else ends.get(result.ended, "it was cancelled")


def _read(
    tool: Tool,
    program: Program,
    folder: Path,
    result: CommandResult,
    errors: str,
    refused: Sequence[str],
    count: int,
) -> Outcome:
    """Read what a run over ``count`` files left in ``folder``."""
    trouble = describe_end(result)
    if trouble is None and result.exit_code not in tool.exit_codes:
        output = errors[-2000:] or result.output
        trouble = f"it ended with exit code {result.exit_code}: {clean_message(output)[-300:]}"
    if trouble is not None:
        return Outcome(NotRun(tool=tool.name, reason=f"{tool.name} gave no answer: {trouble}."))
    report = read_regular(folder, _REPORT, MAX_BYTES)
    if report is None:
        raise AnalysisError(f"The report of {tool.name} is missing or larger than {MAX_BYTES >> 20} MiB.")
    roots = (WORK, str(folder), str(folder.resolve()))
    findings = tool.read(report, tool.name, roots=roots)
    named = {*tool.unread(report, errors, roots), *refused}
    unread = sorted(name.removeprefix("head/") for name in named if name.startswith("head/"))
    base, head = (_select_side(tool, findings, side) for side in SIDES)
    return Outcome(
        ToolRun(
            tool=tool.name,
            version=program.version,
            command=" ".join([tool.name, *tool.options]),
            seconds=result.seconds,
            files=count - len(unread),
        ),
        NotRun(tool=tool.name, reason=f"{tool.name} could not parse {', '.join(unread)}.") if unread else None,
        base,
        head,
    )


def _select_side(tool: Tool, findings: Sequence[StaticFinding], side: str) -> tuple[StaticFinding, ...]:
    start = f"{side}/"
    return tuple(
        tool.adjust(finding).model_copy(update={"path": finding.path.removeprefix(start)})
        for finding in findings
        if finding.path.startswith(start)
    )
