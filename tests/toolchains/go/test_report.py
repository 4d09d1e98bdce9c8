"""What ``go test -json`` says, without running it: older versions, forged lines, broken streams."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Fold, Folded
from bot.toolchains.go.packages import Package, read_packages
from bot.toolchains.go.report import Report
from tests.support.published import ROOT

PATH = "example.com/a"
FUNCTIONS = {"TestOne": "a_test.go", "TestTwo": "a_test.go"}
PACKAGE = Package(PATH, ".", FUNCTIONS, frozenset(FUNCTIONS))


def event(action: str, test: str = "", **more: object) -> str:
    named = {"Test": test} if test else {}
    return json.dumps({"Action": action, "Package": PATH, **named, **more})


def fold(*lines: str, code: int = 0, errors: str = "") -> Folded:
    report = Report({PATH: PACKAGE}, frozenset((PATH, name) for name in FUNCTIONS))
    report.add("\n".join(lines).encode(), errors)
    result = CommandResult(
        argv=("go",), exit_code=code, output="", truncated=False, seconds=1, peak_mb=None, ended="exit"
    )
    return Fold().add(report.list_records()).close(result)


GREEN = [line for name in FUNCTIONS for line in (event("run", name), event("pass", name))]


def test_a_green_run_is_believed() -> None:
    folded = fold(*GREEN, event("pass"))
    assert folded.completeness.ok
    assert [case.verdict for case in folded.cases] == ["passed", "passed"]


def test_before_1_20_a_test_could_print_the_verdict_of_one_that_does_not_exist() -> None:
    forged = [event("run", "TestFake"), event("fail", "TestFake")]
    folded = fold(*GREEN, *forged, event("pass"))
    assert [case.id for case in folded.cases] == ["a_test.go::TestOne", "a_test.go::TestTwo"]


def test_before_1_20_a_test_that_printed_no_line_end_lost_its_verdict() -> None:
    folded = fold(
        *GREEN[:2], event("run", "TestTwo"), event("output", "TestTwo", Output="x--- PASS: TestTwo"), event("pass")
    )
    assert not folded.completeness.ok
    assert folded.completeness.culprits == ("a_test.go::TestTwo",)


def test_a_failure_outweighs_a_pass_that_was_printed() -> None:
    folded = fold(*GREEN, event("fail", "TestOne"), event("fail"), code=1)
    assert {case.id: case.verdict for case in folded.cases} == {
        "a_test.go::TestOne": "failed",
        "a_test.go::TestTwo": "passed",
    }


def test_a_test_that_was_not_told_of_is_missed() -> None:
    folded = fold(*GREEN[:2], event("pass"))
    assert folded.completeness.lost == ("a_test.go::TestTwo",)


def test_a_stream_that_ends_early_is_not_believed() -> None:
    assert not fold(*GREEN).completeness.ok


def test_go_1_24_tells_of_a_build_by_events() -> None:
    told = [
        json.dumps(
            {"ImportPath": f"{PATH} [{PATH}.test]", "Action": "build-output", "Output": "a.go:3: undefined: x\n"}
        ),
        event("start"),
        event("output", Output=f"FAIL\t{PATH} [build failed]\n"),
        event("fail", FailedBuild=f"{PATH} [{PATH}.test]"),
    ]
    folded = fold(*told, code=1)
    assert {(case.verdict, case.phase) for case in folded.cases} == {("error", "build")}
    assert "undefined: x" in folded.cases[0].message


def test_go_1_19_tells_of_a_build_on_standard_error() -> None:
    folded = fold(f"FAIL\t{PATH} [build failed]", code=2, errors="a.go:3: undefined: x\n")
    assert [(case.phase, case.message) for case in folded.cases] == [("build", "a.go:3: undefined: x\n")] * 2


def test_a_deadlock_fails_the_test_that_was_running() -> None:
    text = "fatal error: all goroutines are asleep - deadlock!\n"
    folded = fold(*GREEN[:2], event("run", "TestTwo"), event("output", "TestTwo", Output=text), event("fail"), code=1)
    assert [(case.verdict, case.phase) for case in folded.cases] == [("passed", "call"), ("failed", "call")]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_stream_breaks_the_reader(data: st.DataObject) -> None:
    lines = [*GREEN, event("output", "TestOne", Output="panic: x\n"), event("fail"), "{}", "[1]", '{"Test": {}}']
    text = "\n".join(data.draw(st.permutations(lines))).encode()
    at = data.draw(st.integers(0, len(text)))
    report = Report({PATH: PACKAGE}, frozenset((PATH, name) for name in FUNCTIONS))
    report.add(text[:at] + data.draw(st.binary(max_size=8)) + text[at + data.draw(st.integers(0, 40)) :], "")
    Fold().add(report.list_records())


def test_the_package_at_the_root_is_one_of_the_module(tmp_path: Path) -> None:
    (tmp_path / "a_test.go").write_text("func TestOne(t *testing.T) {}\n")
    listed = [{"Dir": place, "ImportPath": PATH, "TestGoFiles": ["a_test.go"]} for place in ("/work", "/workshop")]
    (found,) = read_packages("\n".join(map(json.dumps, listed)).encode(), tmp_path)
    assert found == Package(PATH, ".", {"TestOne": "a_test.go"}, frozenset({"TestOne"}))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_listing_breaks_the_reader(text: bytes) -> None:
    assert all(isinstance(one, Package) for one in read_packages(b'{"Dir": "/work/a"}' + text, ROOT))
