"""TRX as .NET's runners write it, by published samples: what is lost is never green."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import CommandResult
from bot.settings import Checks, Settings
from bot.toolchains.events import Case, Fold, Folded
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from bot.toolchains.trx import read_trx
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

ABORTED = "<RunInfos><RunInfo><Text>The active test run was aborted. Reason: x</Text></RunInfo></RunInfos>"
OWNER = "Shop.Tests.CartTests"


def result(number: int, name: str, outcome: str, inner: str = "") -> str:
    said = f' outcome="{outcome}"' if outcome else ""
    return (
        f'<UnitTestResult executionId="e{number}" testId="t{number}" testName="{name}" duration="00:01:00.5000000"'
        f' computerName="CI"{said}>{inner}</UnitTestResult>'
    )


def definition(number: int, name: str) -> str:
    return (
        f'<UnitTest name="{name}" storage="shop.tests.dll" id="t{number}"><Execution id="e{number}" />'
        f'<TestMethod codeBase="Shop.Tests.dll" className="{OWNER}" name="{name}" /></UnitTest>'
    )


def report(*results: str, total: int | None = None, infos: str = "") -> bytes:
    known = "".join(definition(number, "x") for number in range(len(results)))
    counters = f'<Counters total="{len(results) if total is None else total}" executed="1" />'
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<TestRun id="r" name="ci" xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010">'
        f"<Results>{''.join(results)}</Results><TestDefinitions>{known}</TestDefinitions>"
        f'<ResultSummary outcome="Completed">{counters}{infos}</ResultSummary></TestRun>'
    ).encode()


def fold(text: bytes, exit_code: int = 0) -> Folded:
    ended = CommandResult(
        argv=(), exit_code=exit_code, output="", truncated=False, seconds=1, peak_mb=None, ended="exit"
    )
    return Fold().add(read_trx(text)).close(ended)


def test_every_outcome_has_its_verdict() -> None:
    said = "<ErrorInfo><Message>2 is not 3</Message><StackTrace>at X</StackTrace></ErrorInfo>"
    failure = f"<Output><StdOut>Passed!</StdOut>{said}</Output>"
    text = report(
        result(0, f"{OWNER}.Adds", "Passed"),
        result(1, f"{OWNER}.Fails", "Failed", failure),
        result(2, f"{OWNER}.Even(number: 1)", "Passed"),
        result(3, f"{OWNER}.Even(number: 1)", "Failed"),
        result(4, "Adds by NUnit", "NotExecuted"),
        result(5, f"{OWNER}.Unsure", "Inconclusive"),
        result(6, f"{OWNER}.Slow", "Timeout"),
    )
    folded = fold(text, 1)
    assert folded.completeness.ok, folded.completeness
    assert {case.id: (case.verdict, case.phase) for case in folded.cases} == {
        f"{OWNER}::Adds": ("passed", "call"),
        f"{OWNER}::Fails": ("failed", "call"),
        f"{OWNER}::Even(number: 1)": ("passed", "call"),
        f"{OWNER}::Even(number: 1)#2": ("failed", "call"),
        f"{OWNER}::Adds by NUnit": ("skipped", "call"),
        f"{OWNER}::Unsure": ("skipped", "call"),
        f"{OWNER}::Slow": ("error", "timeout"),
    }
    assert folded.cases[1].message == "2 is not 3\nat X"
    assert folded.cases[0].seconds == 60.5


@pytest.mark.parametrize(
    ("text", "exit_code", "reason"),
    [
        (report(result(0, "A", "Passed"), total=2), 0, "2 tests were planned and 1 reported"),
        (report(result(0, "A", "")), 0, "The exit code is 0, while of the reported tests some failed"),
        (report(result(0, "A", "Failed"), infos=ABORTED), 1, "The report ends before the run did"),
        (b"<TestRun><Results/></TestRun>", 0, "The run left no report"),
        (report(result(0, "A", "Passed")), 1, "The exit code is 1, while of the reported tests none failed"),
    ],
)  # fmt: skip
def test_a_run_that_lost_something_is_not_believed(text: bytes, exit_code: int, reason: str) -> None:
    folded = fold(text, exit_code)
    assert not folded.completeness.ok
    assert folded.completeness.reason.startswith(reason)


def test_an_encoding_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ToolchainError, match="is not XML"):
        read_trx(b'<?xml version="1.0" encoding="u-tf-8"?><TestRun/>')


@given(cut=st.integers(0, 900), byte=st.binary(max_size=3))
@settings(max_examples=300, deadline=None)
def test_any_report_is_read_or_refused(cut: int, byte: bytes) -> None:
    whole = report(result(0, "A", "Passed"), result(1, "B", "Failed"))
    with contextlib.suppress(ToolchainError):
        read_trx(whole[:cut] + byte + whole[cut:])
    with contextlib.suppress(ToolchainError):
        read_trx(whole[:cut] + byte)


@pytest.mark.needs("sandbox")
async def test_a_policy_names_it(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"made.trx": report(result(0, f"{OWNER}.Adds", "Passed")).decode()})
    checks = Checks(setup="true", test="cp made.trx {results}", results="trx")
    toolchain = make_toolchain(bubblewrap(), checks, tree, Settings())
    workspace = Workspace(tree=tree, env=tmp_path / "env")
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {f"{OWNER}::Adds": "passed"})


def test_numbers_that_nobody_counts_to_are_none() -> None:
    long = "9" * 5000
    told = f'<UnitTestResult testName="a" outcome="Passed" duration="{long}:00:01"/><Counters total="{long}"/>'
    assert [one.case.seconds for one in read_trx(f"<TestRun>{told}</TestRun>".encode()) if isinstance(one, Case)] == [
        0.0
    ]


def test_a_class_that_stands_in_more_tests_than_its_length_allows_is_refused() -> None:
    known = f'<UnitTest id="t"><TestMethod className="{"x" * 100_000}"/></UnitTest>'
    with pytest.raises(ToolchainError, match="names of the report's tests are longer"):
        read_trx(f'<TestRun>{known}{"""<UnitTestResult testId="t"/>""" * 1001}</TestRun>'.encode())
