"""What CTest and googletest say, without running them: forged and broken reports, other versions."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import CommandResult
from bot.toolchains.cpp.ctest import read_plan, read_run
from bot.toolchains.cpp.gtest import GtestCase, read_gtest
from bot.toolchains.cpp.processes import make_process
from bot.toolchains.cpp.registered import Ended, Registered
from bot.toolchains.cpp.report import Process, sort_reports, take_report, tell
from bot.toolchains.cpp.sources import list_tests, pick_errors
from bot.toolchains.cpp.targets import Build, read_build
from bot.toolchains.events import End, Fold, Folded
from bot.toolchains.port import ToolchainError

PLAN = [Registered(1, "one"), Registered(2, "Passed 1 sec"), Registered(3, "three")]
CONSOLE = """Internal ctest changing into directory: /env/build
      Start  1: one
1/3 Test #1: one ..............   Passed    0.01 sec
      Start  2: Passed 1 sec
2/3 Test #2: Passed 1 sec .....***Failed    0.02 sec
      Start  3: three
"""
JUNIT = """<testsuite><testcase name="one" status="run"><system-out>said</system-out></testcase>
<testcase name="Passed 1 sec" status="fail"><failure message=""/></testcase></testsuite>"""
CASES = [GtestCase(suite="S", name=name, file="a_test.cpp") for name in ("one", "two")]


def gtest(*cases: tuple[str, str, bool]) -> bytes:
    rows: list[dict[str, Any]] = [
        {"name": name, "result": result, "time": "0.5s", "file": "/work/a_test.cpp", "line": 3,
         **({"failures": [{"failure": "3 is not 4", "type": ""}]} if failed else {})}
        for name, result, failed in cases
    ]  # fmt: skip
    return json.dumps({"testsuites": [{"name": "S", "testsuite": rows}]}).encode()


def fold(process: Process, ended: Ended, written: bytes | None, code: int = 0) -> Folded:
    found = read_gtest(written)
    result = CommandResult(
        argv=("ctest",), exit_code=code, output="", truncated=False, seconds=1, peak_mb=None, ended="exit"
    )
    reports = sort_reports([found] if found is not None else [])
    return Fold().add([*tell(process, ended, take_report(reports, process, ended)), End()]).close(result)


PROCESS = Process(Registered(1, "whole"), "a_test.cpp", tuple(CASES))
GREEN = gtest(("one", "COMPLETED", False), ("two", "COMPLETED", False))


def test_what_ctest_prints_is_read_by_number_and_name() -> None:
    ended, begun = read_run(CONSOLE.encode(), JUNIT.encode(), PLAN)
    assert ended == {1: Ended("passed", "Passed", 0.01, "said"), 2: Ended("failed", "Failed", 0.02, "")}
    assert begun == {3}


def test_a_pass_that_the_junit_file_does_not_know_is_none() -> None:
    for status in ("fail", "notrun", "disabled", "else"):
        junit = f'<testsuite><testcase name="one" status="{status}"/></testsuite>'
        ended, _ = read_run(CONSOLE.encode(), junit.encode(), PLAN)
        assert ended[1].status == "failed"


def test_a_pass_in_the_junit_file_makes_none() -> None:
    junit = JUNIT.replace('status="fail"', 'status="run"')
    ended, _ = read_run(CONSOLE.encode(), junit.encode(), PLAN)
    assert ended[2].status == "failed"


def test_words_of_ctest() -> None:
    words = {
        "   Passed": "passed", "***Failed": "failed",
        "***Failed  Required regular expression not found. Regex=[x": "failed",
        "***Timeout": "timeout", "***Exception: SegFault": "signal", "Subprocess aborted***Exception:": "signal",
        "***Skipped": "skipped", "***Not Run (Disabled)": "skipped", "***Not Run": "unrun", "***Whatever": "failed",
    }  # fmt: skip
    for said, status in words.items():
        ended, _ = read_run(f"1/1 Test #1: one ....{said}   0.10 sec\n".encode(), None, PLAN)
        assert ended[1].status == status, said


def test_a_green_process_with_its_report_is_believed() -> None:
    folded = fold(PROCESS, Ended("passed"), GREEN)
    assert folded.completeness.ok
    assert [(case.id, case.verdict) for case in folded.cases] == [
        ("a_test.cpp::S::one", "passed"),
        ("a_test.cpp::S::two", "passed"),
    ]


def test_a_report_that_any_test_may_have_written_makes_no_failure_green() -> None:
    folded = fold(PROCESS, Ended("failed", "Failed"), GREEN, code=8)
    assert {case.verdict for case in folded.cases} == {"passed", "error"}
    assert not fold(PROCESS, Ended("passed"), gtest(("one", "COMPLETED", False))).completeness.ok
    assert not fold(PROCESS, Ended("passed"), None).completeness.ok
    failing = gtest(("one", "COMPLETED", True), ("two", "COMPLETED", False))
    assert not fold(PROCESS, Ended("passed"), failing).completeness.ok


def test_a_case_that_was_listed_and_not_run_is_missed() -> None:
    folded = fold(PROCESS, Ended("passed"), gtest(("one", "COMPLETED", False), ("two", "", False)))
    assert folded.completeness.lost == ("a_test.cpp::S::two",)


def test_the_report_that_agrees_with_the_exit_is_taken_first() -> None:
    failed = gtest(("one", "COMPLETED", True), ("two", "COMPLETED", False))
    reports = sort_reports([found for text in (failed, GREEN) if (found := read_gtest(text)) is not None])
    first = take_report(reports, PROCESS, Ended("passed"))
    assert {case.verdict for case in first or ()} == {"passed"}
    second = take_report(reports, PROCESS, Ended("passed"))
    assert {case.verdict for case in second or ()} == {"passed", "failed"}
    assert take_report(reports, PROCESS, Ended("passed")) is None


def test_the_filter_of_a_command_says_what_runs() -> None:
    def kept(given: str) -> list[str]:
        command = ("prog", f"--gtest_filter={given}")
        listed = {case.key: case for case in CASES}
        return [case.name for case in make_process(Registered(1, "x", command), "", listed, Build("/env/build")).cases]

    assert kept("S.one") == ["one"]
    assert kept("S.*-*two") == ["one"]
    assert kept("-S.one:Q.*") == ["two"]
    assert kept("S.t?o:Q.*") == ["two"]
    assert kept("S.[ot]*") == []
    assert kept("Q.*") == []
    assert kept("Q.one") == []


def test_the_plan_of_ctest_names_files_of_the_tree() -> None:
    graph = {"files": ["/work/tests/CMakeLists.txt"], "nodes": [{"file": 0, "line": 3}], "commands": []}
    tests = [
        {"name": "a", "command": ["/env/build/a", "1"], "backtrace": 0,
         "properties": [{"name": "WORKING_DIRECTORY", "value": "/env/build"}, {"name": "ENVIRONMENT", "value": ["A=1"]},
                        7]},
        {"name": "b", "backtrace": 9},
    ]  # fmt: skip
    one, other = read_plan(json.dumps({"backtraceGraph": graph, "tests": tests}).encode())
    assert (one.command, one.defined, one.folder, one.variables) == (
        ("/env/build/a", "1"), "tests/CMakeLists.txt", "/env/build", ["A=1"],
    )  # fmt: skip
    assert (other.number, other.command, other.defined, other.variables) == (2, (), "", [])


def test_tests_are_seen_in_a_file_and_errors_in_the_output() -> None:
    text = "TEST(A, One) {}\n // TEST(A, No)\nTEST_F ( Fix,\n Two ) {}\nTEST_P(P, Many) {}\nMY_TEST(A, B)\n"
    assert list_tests("a.cpp", text) == ["a.cpp::A::One", "a.cpp::Fix::Two"]
    output = "[1/3] Building a\nFAILED: x/b.o \nb.cpp:1: error: no\n[2/3] Building c\nFAILED: c.o\nc.cpp:2: error\n"
    assert pick_errors(output, ["b.cpp"]) == "FAILED: x/b.o \nb.cpp:1: error: no"
    assert pick_errors("none of them", ["b.cpp"]) == "none of them"


PLAN_TEXT = json.dumps({"tests": [{"name": "a", "command": ["x"], "properties": [{"name": "TIMEOUT", "value": 1}]}]})
TARGET = json.dumps({"name": "a", "type": "EXECUTABLE", "artifacts": [{"path": "a"}], "sources": [{"path": "a.c"}]})
COMMANDS = json.dumps([{"directory": "/env/build", "command": "cc -o a.o -c /work/a.c", "file": "/work/a.c"}])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_a_report_holds_only_our_error_is_raised(data: st.DataObject) -> None:
    def mutate(text: str) -> bytes:
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 30)))
        piece = data.draw(st.sampled_from(["", "[", "{}", '"', "null", "9" * 400, "\x00", "<x>", "]]", "-1", "\n"]))
        return (text[:at] + piece + text[end:]).encode()

    try:
        read_plan(mutate(PLAN_TEXT))
        read_build(mutate(TARGET + COMMANDS), "/env/build", "")
        read_run(mutate(CONSOLE), mutate(JUNIT), PLAN)
        fold(PROCESS, Ended("passed"), mutate(GREEN.decode()))
    except ToolchainError:
        pass
