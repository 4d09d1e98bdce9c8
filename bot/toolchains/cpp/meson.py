"""Configure by Meson, and run its tests.

What is believed: the tests that ``intro-tests.json`` plans, what ``meson test`` prints of each to a file outside the
sandbox, and its exit code. ``testlog.json`` adds output; where it does not say of a pass that it is one, it is none.
The JUnit file is not read: it shows tests that ran too long, and passes that should not be, as passed.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.toolchains.cpp.build_files import list_meson_options
from bot.toolchains.cpp.processes import GTEST, SHARE, Told, run_alone, tell_all
from bot.toolchains.cpp.programs import require
from bot.toolchains.cpp.registered import Ended, Registered, Status
from bot.toolchains.cpp.report import Process
from bot.toolchains.cpp.system import BUILD
from bot.toolchains.cpp.targets import Build, Target, read_commands, to_tree
from bot.toolchains.events import TEXT
from bot.toolchains.json_stream import decode_stream
from bot.toolchains.session import Session

_TESTS = f"{BUILD}/meson-info/intro-tests.json"
_LOG = f"{BUILD}/meson-logs/testlog.json"
# " 5/15 zoo / signal       FAIL            0.00s   killed by signal 11 SIGSEGV"
_ENDED = re.compile(r"\s*\d+/\d+ (|.*?\S)\s+([A-Z]{2,})\s+(\d{1,9}\.\d+)s(?:\s+(.*))?")
_STATUS: Mapping[str, Status] = {
    "OK": "passed",
    "EXPECTEDFAIL": "passed",
    "FAIL": "failed",
    "UNEXPECTEDPASS": "failed",
    "SKIP": "skipped",
    "ERROR": "error",
    "TIMEOUT": "timeout",
}
# Tests that are to fail: what their cases say is not what counts.
_TURNED = ("EXPECTEDFAIL", "UNEXPECTEDPASS")
_PROTOCOL = "PROTOCOL"
# Seconds that Meson gives a test which names none.
_SECONDS = 30


class Meson:
    """Meson, which builds by Ninja."""

    build_file = "meson.build"
    configuring = ("meson", "setup", "--reconfigure", BUILD, ".")
    describing = f"cat {BUILD}/meson-info/intro-targets.json {BUILD}/compile_commands.json"

    def require(self) -> None:
        """Require Meson, Ninja and a compiler."""
        require("meson", "ninja", "cc")

    def list_configure_steps(self, root: Path) -> list[list[str]]:
        """Configure with the options that switch tests on. Blocking.

        Projects that are not here are not fetched.
        """
        given = [f"-D{name}={value}" for name, value in list_meson_options(root)]
        return [["meson", "setup", BUILD, ".", "--wrap-mode=nodownload", *given]]

    def read_build(self, described: bytes, root: str) -> Build:
        """Read Meson's list of targets, and the compile commands."""
        entries = [one for value in decode_stream(described) if isinstance(value, list) for one in value]
        targets = [target for one in entries if isinstance(one, dict) for target in _read_target(one)]
        return Build(BUILD, targets, dict(read_commands(entries, BUILD)))

    async def plan(self, session: Session) -> list[Registered]:
        """Read the tests that Meson has listed."""
        await session.run(["cat", _TESTS], report="plan.json")
        return read_plan(await asyncio.to_thread(session.read_report, "plan.json"))

    async def run(self, session: Session, processes: Sequence[Process]) -> Told:
        """Run tests by name, which runs all of one name.

        Meson has googletest's programs write a report of its own, so these run without it.
        """
        told = await run_alone(session, [one for one in processes if _is_gtest(one)])
        ordinary = [one for one in processes if not _is_gtest(one)]
        if ordinary:
            told.add(await self._run(session, ordinary))
        return told

    async def _run(self, session: Session, processes: Sequence[Process]) -> Told:
        longest = max(int(process.registered.properties["TIMEOUT"]) for process in processes)
        patience = min(session.seconds * SHARE / max(longest, 1), 1.0)
        names = list(dict.fromkeys(process.registered.name for process in processes))
        argv = ["meson", "test", "-C", BUILD, "--no-rebuild", "--num-processes", "1", "-t", f"{patience:.3f}", *names]
        result = await session.run(argv, report="meson.txt", env=GTEST)
        console = await asyncio.to_thread(session.read_report, "meson.txt")
        await session.run(["cat", _LOG], report="testlog.json")
        log = await asyncio.to_thread(session.read_report, "testlog.json")
        ended, turned = read_run(console, log, [process.registered for process in processes])
        kept = [replace(one, cases=()) if one.registered.number in turned else one for one in processes]
        shown = result.model_copy(update={"output": console.decode(errors="replace")[-TEXT:] + result.output})
        return await tell_all(session, shown, kept, ended, set())

    def render(self, names: Sequence[str]) -> list[str]:
        return ["meson", "test", *names]


def _is_gtest(process: Process) -> bool:
    return bool(process.cases) and process.registered.properties.get(_PROTOCOL) == "gtest"


def _read_target(one: Mapping[str, Any]) -> Iterator[Target]:
    made, given = one.get("filename"), one.get("target_sources")
    if not isinstance(made, list) or not made or not isinstance(given, list):
        return
    listed = [group.get("sources") for group in given if isinstance(group, dict)]
    sources = (to_tree(str(path), "/") for group in listed if isinstance(group, list) for path in group)
    yield Target(str(one.get("name")), str(made[0]), one.get("type") == "executable", tuple(filter(None, sources)))


def read_plan(listing: bytes) -> list[Registered]:
    """Read Meson's list of tests."""
    tests = next(decode_stream(listing), None)
    entries = tests if isinstance(tests, list) else []
    return [_read_test(number, one) for number, one in enumerate(entries, 1) if isinstance(one, dict)]


def _read_test(number: int, one: Mapping[str, Any]) -> Registered:
    command, variables, seconds = one.get("cmd"), one.get("env"), one.get("timeout")
    properties = {
        "WORKING_DIRECTORY": one.get("workdir") or BUILD,
        "ENVIRONMENT": [f"{name}={value}" for name, value in variables.items()] if isinstance(variables, dict) else [],
        "TIMEOUT": seconds if isinstance(seconds, int) else _SECONDS,
        _PROTOCOL: one.get("protocol"),
    }
    words = tuple(str(word) for word in command) if isinstance(command, list) else ()
    return Registered(number, str(one.get("name")), words, properties=properties)


def read_run(console: bytes, log: bytes, plan: Sequence[Registered]) -> tuple[dict[int, Ended], set[int]]:
    """Read how the tests ended by number, and which of them were to fail.

    Tests of one name end in the order of the plan.
    """
    waiting: dict[str, deque[Registered]] = defaultdict(deque)
    for test in plan:
        waiting[test.name].append(test)
    told = _read_log(log)
    ended: dict[int, Ended] = {}
    turned: set[int] = set()
    for line in console.decode(errors="replace").splitlines():
        if (found := _ENDED.fullmatch(line.rstrip())) is None or found[2] not in _STATUS:
            continue
        next_one = _take(waiting, found[1])
        if next_one is not None:
            ended[next_one.number] = _read_end(found, told)
            turned |= {next_one.number} if found[2] in _TURNED else set()
    return ended, turned


# Between project, suites and name, and how many of them are looked at: a name may hold some.
_JOINT = " / "
_MOST_JOINTS = 100


def _take(waiting: Mapping[str, deque[Registered]], shown: str) -> Registered | None:
    """Take the next test of a name; it is shown behind its project and suites."""
    # the longest name counts, so the ends of what is shown are tried from its beginning
    at = 0
    for _ in range(_MOST_JOINTS):
        if found := waiting.get(shown[at:]):
            return found.popleft()
        at = shown.find(_JOINT, at) + len(_JOINT)
        if at < len(_JOINT):
            break
    return None


def _read_log(log: bytes) -> Mapping[str, deque[Mapping[str, Any]]]:
    found: dict[str, deque[Mapping[str, Any]]] = defaultdict(deque)
    for one in decode_stream(log):
        if isinstance(one, dict):
            found[str(one.get("name"))].append(one)
    return found


def _read_end(found: re.Match[str], told: Mapping[str, deque[Mapping[str, Any]]]) -> Ended:
    logged = told.get(found[1])
    entry = logged.popleft() if logged else {}
    output = "".join(str(entry.get(name, "")) for name in ("stdout", "stderr"))[-TEXT:]
    why = found[4] or found[2]
    if _STATUS[found[2]] == "passed" and entry.get("result") != found[2]:
        return Ended("failed", f"Meson's log says {entry.get('result')} of it.", float(found[3]), output)
    status: Status = "signal" if why.startswith("killed") and found[2] == "FAIL" else _STATUS[found[2]]
    return Ended(status, "aborted" if "SIGABRT" in why else why, float(found[3]), output)
