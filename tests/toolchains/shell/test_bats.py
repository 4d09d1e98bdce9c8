"""Bats: every verdict right, also where tests write to bats' own stream; a lost test is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.port import CommandResult, Limits
from bot.toolchains.events import Fold, Folded
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain
from bot.toolchains.shell import paths
from bot.toolchains.shell.language import find_units
from bot.toolchains.shell.report import Report, read_names
from tests.support.patience import PATIENCE
from tests.toolchains.conftest import write
from tests.toolchains.zoos import Told, below, open_zoo, told

ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
PASSED, FAILED, SKIPPED = ("passed", "call"), ("failed", "call"), ("skipped", "call")
SETUP, TEARDOWN, UNLOADED = ("error", "setup"), ("error", "teardown"), ("error", "collect")
needs_bats = pytest.mark.needs("bats")
VERDICTS: Told = below(
    "test/verdicts.bats",
    {
        "passes": PASSED, "fails": FAILED, "runs what is not there": FAILED, "runs and looks": PASSED,
        "is skipped": SKIPPED, "is skipped without a word": SKIPPED, 'ok 1 a/b "_<é_::_# skip not': PASSED,
        "takes time in 12ms": PASSED, "exits 0": FAILED, "exits 3": FAILED, "prints marks": PASSED,
        "prints marks where bats writes": PASSED, "ends without a new line there": PASSED, "is behind it": FAILED,
        "is_a_function": PASSED, "works at the second try": PASSED,
    },
)  # fmt: skip
HOOKS: Told = {
    "test/hooks.bats::is kept from running": SETUP, "test/hooks.bats::is not tidied up": TEARDOWN,
    "test/hooks.bats::is well": PASSED, "test/setup_file.bats::is kept too": SETUP,
    "test/setup_file.bats::and this": SETUP, "test/teardown_file.bats::is well itself": PASSED,
    "test/teardown_file.bats::teardown_file": TEARDOWN,
}  # fmt: skip
BROKEN: Told = {
    "test/syntax.bats::one": UNLOADED, "test/syntax.bats::two": UNLOADED, "test/missing.bats::one": UNLOADED,
    "test/exits_at_load.bats::one": UNLOADED, "test/twins.bats": UNLOADED,
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("bats"))


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


@needs_bats
async def test_tests_commit_and_what_git_did_not_fetch_is_said(tmp_path: Path) -> None:
    commits = 'cd "$BATS_TEST_TMPDIR" && git init -q . && git commit -q --allow-empty -m a'
    named = 'git config user.name Own && git commit -q --allow-empty -m b && [ "$(git log -1 --format=%an)" = Own ]'
    files = {
        "a.bats": f"@test 'commits' {{\n{commits}\n{named}\n}}\n", "b.bats": "load lib/load\n@test 'loads' { true; }\n",
        ".gitmodules": '[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n',
    }  # fmt: skip
    opened = await open_zoo(write(tmp_path / "zoo", files), tmp_path / "run")
    done = await run(opened, "a.bats")
    assert (told(done), done.notes) == ({"a.bats::commits": PASSED}, ()), done.cases
    assert (await run(opened)).notes == ("The git submodule `lib` is missing here: submodules are not fetched.",)


@needs_bats
async def test_every_kind_of_verdict_with_its_phase(zoo: Opened) -> None:
    sound = ["verdicts", "hooks", "setup_file", "teardown_file", "empty"]
    broken = ["syntax", "missing", "exits_at_load", "twins"]
    done = await run(zoo, *(f"test/{name}.bats" for name in [*sound, *broken]))
    assert done.complete, (done.completeness, done.result.output[-2000:])
    assert told(done) == VERDICTS | HOOKS | BROKEN
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["fails"].endswith('`[ "$(add 1 2)" -eq 4 ]\' failed\nbefore it')
    assert said["is skipped"] == "not here"
    assert "syntax error near unexpected token" in said["two"]
    assert said["test/twins.bats"] == "Duplicate test name: `one`."
    assert sorted(path.name for path in zoo[1].tree.iterdir()) == ["bin", "test"]


@needs_bats
async def test_a_test_that_a_signal_ends_is_named_and_costs_no_other_its_verdict(zoo: Opened) -> None:
    done = await run(zoo, "test/signal.bats")
    assert (done.complete, done.completeness.culprits) == (False, ("test/signal.bats::kills",))
    assert told(done) == below(
        "test/signal.bats", {"is before": PASSED, "kills": ("error", "crash"), "is behind": PASSED}
    )


@needs_bats
async def test_a_hang_is_ended_and_named(zoo: Opened) -> None:
    done = await run(zoo, "test/hang.bats", seconds=4)
    assert (done.complete, done.result.ended) == (False, "timeout")
    assert told(done) == below("test/hang.bats", {"is before": PASSED, "kills": ("error", "timeout")})


@needs_bats
async def test_one_test_is_told_alone_and_one_that_is_not_there_proves_nothing(zoo: Opened) -> None:
    wanted = ["test/verdicts.bats::passes", "test/verdicts.bats::fails"]
    done = await run(zoo, *wanted)
    assert (done.complete, told(done)) == (True, {id: VERDICTS[id] for id in wanted})
    done = await run(zoo, "test/verdicts.bats::was renamed")
    assert (done.complete, done.cases) == (False, ())
    done = await run(zoo, "test/not_there.bats")
    assert told(done) == {"test/not_there.bats": UNLOADED}


@needs_bats
async def test_a_suite_that_cannot_be_set_up_leaves_nothing_green(tmp_path: Path) -> None:
    files = {"test/setup_suite.bash": "setup_suite() {\n  false\n}\n", "test/a.bats": '@test "a" {\n  true\n}\n'}
    done = await run(await open_zoo(write(tmp_path / "zoo", files), tmp_path / "run"))
    assert told(done) == {"test/a.bats::setup_suite": SETUP}
    assert (done.complete, done.completeness.lost) == (False, ("test/a.bats::a",))


NAMES = {"a.bats": ["one", "two"], "b.bats": ["one", "two in 5ms"]}
STREAM = """1..4
suite /work/a.bats
begin 1 one
ok 1 one in 5ms
begin 2 two
not ok 2 two in 6ms
# (in test file a.bats, line 5)
suite /work/b.bats
begin 3 one
ok 3 one in 5ms # skip
begin 4 two in 5ms
ok 4 two in 5ms in 7ms
"""


def fold(stream: str, exit_code: int = 1) -> Folded:
    report = Report(NAMES)
    report.read(stream.encode())
    result = CommandResult(
        argv=("bats",), exit_code=exit_code, output="", truncated=False, seconds=1, peak_mb=None, ended="exit"
    )
    return Fold().add(report.list_records({})).close(result)


def verdicts(folded: Folded) -> dict[str, str]:
    return {case.id: case.verdict for case in folded.cases}


SEEN = {"a.bats::one": "passed", "a.bats::two": "failed", "b.bats::one": "skipped", "b.bats::two in 5ms": "passed"}


def test_a_stream_is_read_by_number_and_name() -> None:
    folded = fold(STREAM)
    assert (folded.completeness.ok, verdicts(folded)) == (True, SEEN)


@pytest.mark.parametrize(
    "written",
    [
        "ok 2 two in 1ms\n",
        "ok 2 two in 1ms",
        "ok 2 two\n",
        "begin 9 x\n",
        "begin 1 one\n",
        "suite /work/b.bats\n",
        "1..9\n",
    ],
)  # fmt: skip
def test_a_failing_test_cannot_write_itself_green(written: str) -> None:
    """What it writes to descriptor 3 stands in the stream before its own result."""
    folded = fold(STREAM.replace("not ok 2", f"{written}not ok 2"))
    assert verdicts(folded)["a.bats::two"] == "failed"
    assert (folded.completeness.ok, verdicts(folded)) == (True, SEEN)


@pytest.mark.parametrize(
    ("written", "result"),
    [
        # for a test that comes later, and for itself before a signal ends it
        ("begin 3 one\nok 3 one in 1ms\n", "not ok 2 two in 6ms\n"),
        ("begin 3 x\nok 3 x in 1ms\n", "not ok 2 two in 6ms\n"),
        ("begin 4 two in 5ms\n", "not ok 2 two in 6ms\n"), ("", ""), ("ok 2 two in 1ms\n", ""),
    ],
)  # fmt: skip
def test_what_a_test_writes_for_another_makes_the_run_unbelievable(written: str, result: str) -> None:
    assert not fold(STREAM.replace("not ok 2 two in 6ms\n", written + result)).completeness.ok


@pytest.mark.parametrize("plan", ["1..3", "1..5", "", "Error: no"])
def test_other_counts_than_the_files_hold_are_not_believed(plan: str) -> None:
    assert not fold(STREAM.replace("1..4", plan)).completeness.ok


ODD = [
    "not ok 1 setup_file failed",
    "not ok 9 teardown_suite",
    "#",
    "\0",
    "ok",
    "begin 999999999 x",
    "not ok 2 two in 1ms",
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from([*STREAM.splitlines(), "not ok 1 setup_file failed", "not ok 9 teardown_suite", "#", "\0"])
    )
)
def test_no_stream_breaks_the_reader_or_makes_a_lost_test_green(lines: list[str]) -> None:
    folded = fold("\n".join(["1..4", *lines]), 0)
    ends = [line for line in lines if line.startswith("ok ")]
    assert not folded.completeness.ok or len(set(ends)) == 3


def test_what_bats_takes_for_a_test(tmp_path: Path) -> None:
    text = '@test \'one\' {\n}\n  @test "two {" {\nfunction three { # @test\n# @test "four" {\n@test five { true; }\n'
    write(tmp_path, {"a.bats": text})
    assert read_names(tmp_path / "a.bats") == ["one", "two {", "three", "five"]
    (tmp_path / "b.bats").symlink_to(tmp_path / "a.bats")
    assert read_names(tmp_path / "b.bats") == "The file is not there, or too long."


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"test/a.bats": ""}, ["`test/a.bats`"]),
        ({"a.bats": "", "package.json": '{"scripts": {"test": "bats ."}}'}, ["`a.bats`"]),
        ({"test/fixtures/a.bats": ""}, []), ({"node_modules/x/a.bats": ""}, []), ({"test/bats-assert/a.bats": ""}, []),
        ({"run.sh": ""}, []),
    ],
)  # fmt: skip
def test_a_tree_with_tests_of_bats_is_a_unit(tmp_path: Path, files: dict[str, str], found: list[str]) -> None:
    assert [one for unit in find_units(write(tmp_path, files)) for one in unit.evidence] == found


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("test/a.bats", True, False), ("a.bats", True, False), ("test/test_helper.bash", True, True),
        ("test/setup_suite.bash", True, True), ("tests/common.bash", True, True), ("test/lib/db.sh", True, False),
        ("bin/helper.sh", False, False), ("run.sh", False, False), ("test/data.txt", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("existing", "near", "expected"),
    [
        ([], "bin/cart.sh", "test/cart.bats"), (["tests/a.bats"], "bin/cart.sh", "tests/cart.bats"),
        (["test/cart.bats"], "bin/cart.sh", "test/cart-regression.bats"), ([], "", "test/regression.bats"),
    ],
)  # fmt: skip
def test_where_a_new_test_goes(existing: list[str], near: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, "") == expected
