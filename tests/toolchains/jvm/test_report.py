"""What processes told becomes one report; what Surefire writes is read as it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Case, End, Fold, Folded, Plan, Problem, Record, Start
from bot.toolchains.jvm.report import Report
from bot.toolchains.jvm.sources import Sources, TestFile
from bot.toolchains.jvm.surefire import read_report, read_reports
from bot.toolchains.port import TestCase, ToolchainError
from bot.toolchains.results import ResultsChannel, is_readable

CART = TestFile("src/test/java/shop/CartTest.java", "", ("shop.CartTest",), ("a", "b", "c"), ("shop.CartTest",) * 3)
TILL = TestFile("app/src/test/java/shop/TillTest.java", "app", ("shop.TillTest",), ("t",), ("shop.TillTest",))
GONE = TestFile("src/test/java/shop/GoneTest.java", "", ("shop.GoneTest",), ("t",), ("shop.GoneTest",))
SUREFIRE = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" version="3.0.2" name="shop.CartTest" time="0.2"
    tests="6" errors="2" skipped="1" failures="1">
  <properties><property name="basedir" value="/work"/></properties>
  <testcase name="a" classname="shop.CartTest" time="0.01"/>
  <testcase name="b" classname="shop.CartTest"><failure message="3 is not 4"><![CDATA[x.E: 3]]></failure></testcase>
  <testcase name="c" classname="shop.CartTest"><error type="java.lang.Exception"><![CDATA[npe]]></error></testcase>
  <testcase name="even(int)[1]" classname="shop.CartTest$Inner"><skipped message="later"/></testcase>
  <testcase name="" classname="shop.BrokenTest"><error message="before all">x.E</error></testcase>
</testsuite>
"""


def result(exit_code: int, output: str = "") -> CommandResult:
    return CommandResult(
        argv=("mvn",), exit_code=exit_code, ended="exit", output=output, truncated=False, seconds=1.0, peak_mb=None
    )


def case(name: str, verdict: str = "passed") -> Case:
    return Case(case=TestCase.model_validate({"id": name, "verdict": verdict}), key=name)


def tell(*runs: tuple[list[Record], CommandResult], chosen: bool = False) -> tuple[Report, Folded]:
    report = Report(Sources([CART, TILL]), [CART, TILL], chosen)
    for records, ended in runs:
        report.add(records, ended)
    failed = not runs[-1][1].ok
    return report, Fold().add(report.list_records(failed=failed)).close(runs[0][1])


def test_a_module_that_its_neighbour_kept_from_running_is_asked_for_again() -> None:
    core: list[Record] = [Plan(file="/shop.CartTest"), case("/shop.CartTest::a", "failed"), End(file="/shop.CartTest")]
    report, _ = tell((core, result(1)))
    assert report.list_unreached() == ["shop.TillTest"]
    _, folded = tell((core, result(1)), ([case("app/shop.TillTest::t")], result(0)))
    assert folded.completeness.ok, folded.completeness
    assert [one.id for one in folded.cases] == [f"{CART.path}::a", f"{TILL.path}::t"]


def test_what_a_culprit_kept_from_running_is_asked_for_by_name() -> None:
    told: list[Record] = [
        Plan(id="/shop.CartTest::a", key="a"), Plan(id="/shop.CartTest::b", key="b"), Plan(file="/shop.CartTest"),
        Start(id="/shop.CartTest::a", key="a"), case("app/shop.TillTest::t"),
    ]  # fmt: skip
    report, folded = tell((told, result(1)))
    assert report.list_unreached() == ["shop.CartTest#b", "shop.CartTest#c"]
    assert not folded.completeness.ok
    assert folded.completeness.culprits == (f"{CART.path}::a",)


def test_modules_that_tell_nothing_while_the_command_fails_could_not_be_built() -> None:
    _, folded = tell(([case("/shop.CartTest::a")], result(1, "[INFO] x\n[ERROR] no symbol\nshown by a test\n")))
    assert [(one.id, one.phase, one.message) for one in folded.cases if one.verdict == "error"] == [
        (f"{TILL.path}::t", "build", "[ERROR] no symbol")
    ]


def test_a_file_that_was_asked_for_and_tells_nothing_is_no_success() -> None:
    _, folded = tell(([case("/shop.CartTest::a")], result(0)), chosen=True)
    assert not folded.completeness.ok
    assert [one.id for one in folded.cases if one.phase == "collect"] == [TILL.path]


def test_a_file_that_was_only_looked_into_is_not_blamed() -> None:
    """Gradle looks into each class for the tests that were asked for; a process that ends may end there."""
    report = Report(Sources([CART, TILL]), [TILL], chosen=True)
    report.add([Plan(file="/shop.CartTest")], result(0))
    folded = Fold().add(report.list_records(failed=False)).close(result(0))
    assert not folded.completeness.ok
    assert folded.completeness.culprits == ()
    assert [one.id for one in folded.cases] == [TILL.path]


def test_surefires_report_is_read_by_classes_and_files() -> None:
    told = read_report(SUREFIRE.encode(), "core")
    seen = {one.case.id: (one.case.verdict, one.case.phase) for one in told if isinstance(one, Case)}
    assert seen == {
        "core/shop.CartTest::a": ("passed", "call"),
        "core/shop.CartTest::b": ("failed", "call"),
        "core/shop.CartTest::c": ("failed", "call"),
        "core/shop.CartTest$Inner::even(int)[1]": ("skipped", "call"),
    }
    assert [(one.id, one.phase) for one in told if isinstance(one, Problem)] == [("core/shop.BrokenTest", "setup")]


def test_a_class_without_a_report_is_lost_where_another_fails() -> None:
    """Surefire writes none of a class that ended its process; the failure of another explains the exit."""
    report = Report(Sources([CART, TILL]), [CART, TILL], False, unplanned=True)
    report.add([case("/shop.CartTest::a", "failed"), case("app/shop.TillTest::t")], result(1))
    assert Fold().add(report.list_records(failed=True)).close(result(1)).completeness.ok
    report = Report(Sources([CART, GONE]), [CART, GONE], False, unplanned=True)
    report.add([case("/shop.CartTest::a", "failed")], result(1))
    folded = Fold().add(report.list_records(failed=True)).close(result(1))
    assert folded.completeness.culprits == (GONE.path,)


def test_reports_are_regular_files_of_the_module(tmp_path: Path) -> None:
    folder = tmp_path / "core" / "target" / "surefire-reports"
    folder.mkdir(parents=True)
    (folder / "TEST-shop.CartTest.xml").write_text(SUREFIRE)
    (folder / "TEST-link.xml").symlink_to("/etc/passwd")
    assert len(read_reports(tmp_path, "core", "target/surefire-reports")) == 5
    assert read_reports(tmp_path, "app", "target/surefire-reports") == []


@given(st.lists(st.tuples(st.integers(0, len(SUREFIRE)), st.binary(max_size=8)), max_size=4))
@settings(max_examples=150)
def test_a_broken_report_raises_nothing_else(changes: list[tuple[int, bytes]]) -> None:
    text = bytearray(SUREFIRE.encode())
    for place, bytes_ in changes:
        text[place : place + len(bytes_)] = bytes_
    try:
        read_report(bytes(text), "")
    except ToolchainError:
        return


def test_each_process_signs_with_its_own_key(tmp_path: Path) -> None:
    """A key that is left behind opens no earlier file, and a gap ends the reading."""
    channel = ResultsChannel(tmp_path / "results")
    for number in (0, 1, 3):
        (channel.directory / f"results-{number}.jsonl").write_text("0" * 64 + ' {"event":"end"}\n')
    assert is_readable(channel.directory / "key")
    assert channel.read_each() == [[], []]


def test_a_document_type_is_refused() -> None:
    with pytest.raises(ToolchainError):
        read_report(b"<!DOCTYPE x><testsuite/>", "")
    assert read_report(b"<none/>", "") == []


def test_a_class_that_could_not_be_set_up_is_told_once_however_often_it_says_so() -> None:
    broken = [Problem(id="/shop.CartTest", phase="setup", message=f"no {number}") for number in range(3)]
    report, folded = tell(([*broken, End()], result(1)))
    assert [(one.id, one.verdict, one.message) for one in folded.cases if one.id.startswith(CART.path)] == [
        (f"{CART.path}::{name}", "error", "no 0") for name in "abc"
    ]
    assert (
        sum(isinstance(one, Case) and one.case.id.startswith(CART.path) for one in report.list_records(failed=True))
        == 3
    )
