"""Run the examples in a package's documentation: rustdoc compiles and runs each as a program of its own."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Case, Plan, Problem, Record, Start
from bot.toolchains.port import Phase, TestCase, Verdict
from bot.toolchains.rust.report import Suite, Told, read_suite
from bot.toolchains.rust.targets import Target
from bot.toolchains.session import Session

# `src/lib.rs - cart::Cart (line 7)`, by some versions with ` - compile fail` behind it
_JOINT = " - "
_LINE = re.compile(r"\(line (\d{1,9})\)(?: - [a-z ]+)?\Z")
_UNBUILT = "Couldn't compile the test."
_REPORT = "rust-doc-{}.json"


async def run_examples(
    session: Session, target: Target, number: int, files: Sequence[str], wanted: Callable[[str], bool]
) -> tuple[CommandResult, list[Record]]:
    """Run a library's examples, or those in files.

    What an example prints is caught by rustdoc, so it stands nowhere in the report as it is.
    """
    chosen = [posixpath.relpath(file, target.folder or ".") for file in files]
    argv = ["cargo", "test", "--doc", "-p", target.package, "--", "-Z", "unstable-options", "--format", "json", *chosen]
    name = _REPORT.format(number)
    result = await session.run(argv, report=name)
    suite = read_suite(await asyncio.to_thread(session.read_report, name))
    return result, list(_list_records(suite, result, target, session, wanted))


def _list_records(
    suite: Suite, result: CommandResult, target: Target, session: Session, wanted: Callable[[str], bool]
) -> Iterator[Record]:
    if result.ended == "exit" and (not suite.whole or (result.exit_code != 0) is not suite.failed):
        # nothing began: the library was not built
        phase: Phase = "teardown" if suite.began else "build"
        yield Problem(id=target.root, phase=phase, message=result.output)
    for name in suite.begun:
        id, line = _locate(name, target, session)
        if not wanted(id):
            continue
        yield Plan(id=id, key=name, line=line)
        yield Start(id=id, key=name, line=line)
        told = suite.results.get(name)
        if told is not None:
            yield Case(case=_make_case(id, told), key=name, line=line)


def _make_case(id: str, told: Told) -> TestCase:
    verdict: Verdict = told.verdict
    phase: Phase = "call"
    if verdict == "failed" and told.message.endswith(_UNBUILT):
        verdict, phase = "error", "build"
    message = "" if verdict == "passed" else told.message
    return TestCase(id=id, kind="doctest", verdict=verdict, phase=phase, message=message)


def _locate(name: str, target: Target, session: Session) -> tuple[str, int]:
    """Return an example's id and line.

    The line is no part of the id: it is another one after each edit above. Equal ids are numbered by it. The file is
    told from the package's folder or from the workspace's.
    """
    found = read_name(name)
    if found is None:
        return f"{target.root}::doctest::{name}", 0
    told, item, line = found
    places = [posixpath.normpath(posixpath.join(root, told)) for root in (target.folder, session.root)]
    file = next((place for place in places if _is_file(session.workspace.tree / place)), places[0])
    return "::".join(part for part in (file, "doctest", item) if part), line


def read_name(name: str) -> tuple[str, str, int] | None:
    """Return the file, item and line of an example; None for other names."""
    file, _, rest = name.partition(_JOINT)
    match = _LINE.search(rest)
    return (file, rest[: match.start()].rstrip(), int(match[1])) if file and match is not None else None


def _is_file(path: Path) -> bool:
    with suppress(OSError):  # a name longer than any file's
        return path.is_file()
    return False
