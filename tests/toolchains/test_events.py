"""The fold: whatever runners tell, no test is lost, merged or made up without the run saying so."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import CommandResult
from bot.toolchains.events import Again, Case, End, Fold, Plan, Problem, Record, Start
from bot.toolchains.junit import read_junit
from bot.toolchains.port import TestCase, ToolchainError, Verdict
from bot.toolchains.python.inside.forgehand_records import Records
from bot.toolchains.reading import read_results
from bot.toolchains.results import MAX_BYTES, ResultsChannel
from bot.toolchains.tap import read_tap

VERDICTS: tuple[Verdict, ...] = ("passed", "failed", "error", "skipped")
IDS = st.sampled_from(["a", "a#2", "b.js::adds", "b.js::adds #3", "c::x"])


def result(code: int | None, ended: str = "exit", output: str = "") -> CommandResult:
    return CommandResult(
        argv=("x",), exit_code=code, output=output, truncated=False, seconds=1, peak_mb=None, ended=ended
    )


def case(id: str, verdict: Verdict = "passed", key: str = "", line: int = 0) -> Case:
    return Case(case=TestCase(id=id, verdict=verdict), key=key, line=line)


def code_of(tests: dict[tuple[str, str], Verdict]) -> int:
    return int(any(verdict in ("failed", "error") for verdict in tests.values()))


def stream(tests: dict[tuple[str, str], Verdict]) -> list[Record]:
    """An honest run: planned, begun, told, ended."""
    plans = [Plan(id=id, key=key) for id, key in tests]
    told: list[Record] = []
    for (id, key), verdict in tests.items():
        told += [Start(id=id, key=key), case(id, verdict, key)]
    return [*plans, *told, End()]


TESTS = st.dictionaries(st.tuples(IDS, st.sampled_from("xyz")), st.sampled_from(VERDICTS), min_size=1)
ANY: st.SearchStrategy[Record] = st.one_of(
    st.builds(Plan, id=IDS, key=st.sampled_from("xy")),
    st.builds(Plan, file=IDS),
    st.builds(Start, id=IDS, key=st.sampled_from("xy")),
    st.builds(case, IDS, st.sampled_from(VERDICTS), st.sampled_from("xy"), st.integers(0, 3)),
    st.builds(Again, id=IDS, key=st.sampled_from("xy")),
    st.builds(Problem, id=IDS, phase=st.sampled_from(["collect", "setup", "crash"])),
    st.builds(End, file=IDS),
    st.builds(End),
)


@given(TESTS)
def test_an_honest_run_is_believed_and_every_test_keeps_its_verdict(tests: dict[tuple[str, str], Verdict]) -> None:
    cases, completeness = Fold().add(stream(tests)).close(result(code_of(tests)))
    assert completeness.ok, completeness.reason
    assert [found.verdict for found in cases] == list(tests.values())
    assert len({found.id for found in cases}) == len(tests)
    assert {id for id, _ in tests} <= {found.id for found in cases}, "the first of a name keeps it"


@given(TESTS, st.data())
def test_a_run_without_any_one_of_its_verdicts_is_not_believed(
    tests: dict[tuple[str, str], Verdict], data: st.DataObject
) -> None:
    records = stream(tests)
    lost = data.draw(st.sampled_from([one for one in records if isinstance(one, Case)]))
    began = data.draw(st.booleans())
    kept = [one for one in records if one is not lost and (began or one != Start(id=lost.case.id, key=lost.key))]
    for code in (0, 1):
        cases, completeness = Fold().add(kept).close(result(code))
        assert not completeness.ok
        assert len(completeness.lost) == 1
        assert completeness.culprits == (completeness.lost if began else ())
        found = [one for one in cases if one.id in completeness.lost]
        assert [(one.verdict, one.phase) for one in found] == ([("error", "crash")] if began else [])


@given(TESTS, st.data())
def test_a_run_that_is_cut_anywhere_or_lies_in_its_exit_is_not_believed(
    tests: dict[tuple[str, str], Verdict], data: st.DataObject
) -> None:
    records = stream(tests)
    cut = data.draw(st.integers(0, len(records) - 1))
    for code in (0, 1, -11, None):
        assert not Fold().add(records[:cut]).close(result(code)).completeness.ok
    assert not Fold().add(records).close(result(1 - code_of(tests))).completeness.ok
    assert not Fold().add(records).close(result(None, "timeout")).completeness.ok


@given(st.lists(ANY, max_size=30), st.sampled_from([0, 1, None]))
@settings(max_examples=300)
def test_whatever_comes_no_two_tests_are_merged_and_no_failure_is_hidden(
    records: list[Record], code: int | None
) -> None:
    cases, completeness = Fold().add(records).close(result(code))
    assert len({one.id for one in cases}) == len(cases)
    assert not completeness.ok or (code != 0) == any(one.verdict in ("failed", "error") for one in cases)
    until = next((place for place, one in enumerate(records) if isinstance(one, End) and not one.file), len(records))
    seen = records[:until]
    assert not completeness.ok or until < len(records)
    if not any(isinstance(one, Again) for one in seen):
        wanted = sum(isinstance(one, Case) and one.case.verdict in ("failed", "error") for one in seen)
        bad = [one for one in cases if one.verdict in ("failed", "error")]
        assert bool(wanted) <= bool(bad)
        told = {(one.case.id, one.key) for one in seen if isinstance(one, Case)}
        assert len(cases) >= len(told)


@given(st.permutations([case("f::adds", key=str(line), line=line) for line in (3, 7, 9)]))
def test_equal_names_are_numbered_by_their_place_and_not_by_who_was_first(told: list[Case]) -> None:
    kept = [one.model_copy(update={"case": one.case.model_copy(update={"message": str(one.line)})}) for one in told]
    cases = Fold().add([*kept, End()]).close(result(0)).cases
    assert {one.id: one.message for one in cases} == {"f::adds": "3", "f::adds#2": "7", "f::adds#3": "9"}


def test_of_several_reports_of_one_test_the_worst_counts_until_it_runs_again() -> None:
    told = [case("a"), case("a", "error"), case("a", "skipped")]
    assert [one.verdict for one in Fold().add([*told, End()]).close(result(1)).cases] == ["error"]
    again = [*told, Again(id="a"), case("a"), End()]
    cases, completeness = Fold().add(again).close(result(0))
    assert ([one.verdict for one in cases], completeness.ok) == (["passed"], True)


def test_what_is_no_test_fails_by_its_own_name_and_a_crash_is_never_believed() -> None:
    records = [case("a.js::t"), Problem(id="b.js", phase="collect", message="no such module"), End()]
    cases, completeness = Fold().add(records).close(result(1))
    assert completeness.ok
    assert [(one.id, one.verdict, one.phase) for one in cases][1] == ("b.js", "error", "collect")
    records[1] = Problem(id="b.js", phase="crash", message="SIGSEGV")
    completeness = Fold().add(records).close(result(1)).completeness
    assert (completeness.ok, completeness.culprits) == (False, ("b.js",))
    assert completeness.reason.endswith("Running then: `b.js`.")


def test_a_file_that_never_ended_and_a_plan_that_was_not_met_are_named() -> None:
    records = [Plan(file="a.js"), Plan(file="b.js"), case("a.js::t"), End(file="a.js"), End()]
    assert Fold().add(records).close(result(0)).completeness.culprits == ("b.js",)
    counted = Fold().add([Plan(count=2), Plan(count=1), case("a"), case("b"), End()]).close(result(0)).completeness
    assert counted.reason == "3 tests were planned and 2 reported."


HOSTILE = [
    b"[" * 100_000,
    b'{"event": "case", "case": {"id": "a", "verdict": "passed"}, "key": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"event": "case", "case": {"id": "a", "verdict": "splendid"}}',
    b'{"event": "start", "id": "\xff\xfe"}',
    b'{"event": "start", "id": "\\ud800"}',
    b'{"event": "start", "id": 7}',
    b'{"event": "plan", "count": 1e999}',
    b'{"event": "end", "exit_code": true}',
    b'{"event": "nothing"}',
    b"null",
    b"",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_signed_line_that_is_no_record_ends_the_report(tmp_path: Path, body: bytes) -> None:
    channel = ResultsChannel(tmp_path / "results")
    records = Records(str(channel.directory))
    records.case("a", "passed", "call")
    records._chain.update(body)
    records._stream.buffer.write(records._chain.hexdigest().encode() + b" " + body + b"\n")
    records.end(0, False)
    told = channel.read()
    assert told is not None
    cases, completeness = Fold().add(told).close(result(0))
    assert ([one.id for one in cases], completeness.ok) == (["a"], False)


def test_a_report_of_64_mib_is_refused_unread(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    for name in ("results.jsonl", "junit.xml"):
        (channel.directory / name).touch()
        os.truncate(channel.directory / name, 2 * MAX_BYTES)
    tracemalloc.start()
    cases, completeness = read_results("junit", channel, result(0), "x", tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (cases, completeness.ok, completeness.reason) == ((), False, "The run left no report.")
    assert peak < 1_000_000


def test_more_tests_than_any_suite_has_are_refused() -> None:
    with pytest.raises(ToolchainError, match="more than 100000"):
        Fold().add(Plan.model_construct(id=str(number)) for number in range(110_000))
    for text in (b"<a>" * 300, b"<s>" + b"<x/>" * 450_000 + b"</s>"):
        with pytest.raises(ToolchainError, match="more than 100000 test cases, or nests"):
            read_junit(text)


def test_ten_thousand_tests_are_folded_in_little_memory(tmp_path: Path) -> None:
    channel = ResultsChannel(tmp_path / "results")
    records = Records(str(channel.directory))
    for number in range(10_000):
        records.start(f"tests/unit/some_module_{number // 50}.test.js::group::does its work {number}")
        records.case(f"tests/unit/some_module_{number // 50}.test.js::group::does its work {number}", "passed", "call")
    records.end(0, False)
    tracemalloc.start()
    told = channel.read()
    assert told is not None
    cases, completeness = Fold().add(told).close(result(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(cases), completeness.ok) == (10_000, True)
    assert peak < 60_000_000


REPORTS = [
    b'<testsuites><testsuite name="s" file="a.js"><testcase name="x" time="1"><failure message="m">t</failure>'
    b'</testcase><testcase name="y"><skipped/></testcase></testsuite></testsuites>',
    b"TAP version 13\n1..2\nok 1 - a\nnot ok 2 - b # TODO\n    ok 1 - in\n    1..1\nok 3 - g {\n}\n",
    *(json.dumps(one.model_dump()).encode() for one in stream({("a", "x"): "failed"})),
]


@given(st.sampled_from(REPORTS), st.data())
@settings(max_examples=300)
def test_mutated_reports_raise_nothing_but_our_own_error(report: bytes, data: st.DataObject) -> None:
    mutated = bytearray(report)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(mutated)))
        mutated[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    for read in (lambda: read_junit(bytes(mutated)), lambda: read_tap(mutated.decode(errors="replace"))):
        try:
            records = read()
        except ToolchainError:
            continue
        Fold().add(records).close(result(0))
