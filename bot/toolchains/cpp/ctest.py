"""Read what CTest plans, what it says while it runs, and its JUnit file.

https://cmake.org/cmake/help/latest/manual/ctest.1.html
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Any

from bot.toolchains.cpp.registered import Ended, Registered, Status
from bot.toolchains.cpp.targets import to_tree
from bot.toolchains.events import TEXT
from bot.toolchains.json_stream import decode_stream
from bot.toolchains.junit import read_xml

# " 9/23 Test  #9: whole ......***Failed    0.01 sec", where the name is known
_ENDED = re.compile(r"\s*\d+/\d+ Test\s+#(\d{1,9}): (.*)")
_STARTED = re.compile(r"\s*Start\s+(\d{1,9}): ")
_SECONDS = re.compile(r"(?<!\s)\s+(\d{1,9}(?:\.\d+)?) sec\b.*$")


def read_plan(listing: bytes) -> list[Registered]:
    """Read the output of ``ctest --show-only=json-v1``."""
    whole = next(decode_stream(listing), None)
    tests = whole.get("tests") if isinstance(whole, dict) else None
    if not isinstance(whole, dict) or not isinstance(tests, list):
        return []
    graph = whole.get("backtraceGraph")
    return [_read_test(number, one, graph) for number, one in enumerate(tests, 1) if isinstance(one, dict)]


def _read_test(number: int, one: Mapping[str, Any], graph: object) -> Registered:
    command = one.get("command")
    given = one.get("properties")
    pairs = given if isinstance(given, list) else []
    return Registered(
        number,
        str(one.get("name")),
        tuple(str(word) for word in command) if isinstance(command, list) else (),
        _find_definition(one.get("backtrace"), graph),
        {str(pair.get("name")): pair.get("value") for pair in pairs if isinstance(pair, dict)},
    )


def _find_definition(node: object, graph: object) -> str:
    """Return the file of the tree that a test was added in."""
    try:
        return to_tree(graph["files"][graph["nodes"][node]["file"]], "/")  # type: ignore[index]
    except (LookupError, TypeError):
        return ""


def read_run(console: bytes, junit: bytes | None, plan: Sequence[Registered]) -> tuple[dict[int, Ended], set[int]]:
    """Read how the tests ended by number, and which began and did not end.

    What CTest prints tells as it happens, and what tests print is not in it. A pass must stand in the JUnit file too;
    the output is taken from there. Raises :class:`ToolchainError` for a file that is no report.
    """
    names = {test.number: test.name for test in plan}
    told = _read_junit(junit)
    ended: dict[int, Ended] = {}
    started: set[int] = set()
    for line in console.decode(errors="replace").splitlines():
        if (found := _STARTED.match(line)) and int(found[1]) in names:
            started.add(int(found[1]))
        elif (found := _ENDED.match(line)) and found[2].startswith(names.get(int(found[1]), "\n")):
            number = int(found[1])
            ended[number] = _compare(_read_end(found[2].removeprefix(names[number])), told.get(names[number]))
    return ended, started - ended.keys()


def _read_end(rest: str) -> Ended:
    """Read what stands behind a test's name: dots, a word, its seconds."""
    seconds = _SECONDS.search(rest)
    said = _SECONDS.sub("", rest).strip(" .")
    return Ended(_judge(said), said.replace("***", " ").strip(), float(seconds[1]) if seconds else 0.0)


def _judge(said: str) -> Status:
    if said == "Passed":
        return "passed"
    if "***Exception" in said:
        return "signal"
    words = said.rpartition("***")[2]
    if words.startswith("Timeout"):
        return "timeout"
    if words.startswith(("Skipped", "Not Run (Disabled)")):
        return "skipped"
    return "unrun" if words.startswith("Not Run") else "failed"


def _compare(ended: Ended, told: deque[tuple[str, str]] | None) -> Ended:
    """Add the output, or that the JUnit file knows of no pass."""
    status, output = told.popleft() if told else ("", "")
    if told is not None and ended.status == "passed" and status != "run":
        return Ended("failed", f"CTest's report says {status or 'nothing'} of it.", ended.seconds, output)
    return Ended(ended.status, ended.why, ended.seconds, output)


def _read_junit(junit: bytes | None) -> Mapping[str, deque[tuple[str, str]]]:
    """Return status and output by name, in the order of the file."""
    found: dict[str, deque[tuple[str, str]]] = defaultdict(deque)
    if junit is not None:
        for element in read_xml(junit).iter("testcase"):
            output = element.findtext("system-out") or ""
            found[element.get("name", "")].append((element.get("status", ""), output[-TEXT:]))
    return found
