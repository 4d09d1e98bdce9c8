"""automake's parallel harness: every verdict right, what a test prints is none, what does not build is an error."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.toolchains.cpp.automake import Check, read_console
from bot.toolchains.cpp.language import find_units
from bot.toolchains.events import Case
from bot.toolchains.port import Workspace
from bot.toolchains.repository import RepositoryToolchain
from tests.toolchains.conftest import write
from tests.toolchains.zoos import below, open_zoo, told

ZOO = Path(__file__).parent / "automake"
Opened = tuple[RepositoryToolchain, Workspace]
VERDICTS = {
    "tests/adds.c::adds": ("passed", "call"),
    "tests/fails.c::fails": ("failed", "call"),
    "tests/skips.c::skips": ("skipped", "call"),
    "tests/hard.c::hard": ("error", "call"),
    "tests/expected.c::expected": ("passed", "call"),
    "tests/unexpected.c::unexpected": ("failed", "call"),
    "tests/crashes.c::crashes": ("failed", "call"),
    "tests/printing.c::prints": ("passed", "call"),
    "tests/script.sh::script.sh": ("passed", "call"),
} | below(
    "tests/points.tap::points.tap",
    {"is one": ("passed", "call"), "is two": ("failed", "call"), "is three # SKIP later": ("skipped", "call")},
)
CART = '#include "cart.h"\n\nint add(int a, int b) { return a + b + 1; }\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("automake"))


def lay(zoo: Opened, folder: Path, files: dict[str, str], without: tuple[str, ...] = ()) -> Opened:
    """Return the sample, changed, with the toolchain of the base."""
    tree = folder / "tree"
    shutil.copytree(ZOO, tree)
    for name in without:
        (tree / name).unlink()
    return zoo[0], Workspace(tree=write(tree, files), env=zoo[1].env)


@pytest.mark.needs("automake", "sandbox")
@pytest.mark.asyncio(loop_scope="module")
async def test_every_kind_of_verdict(zoo: Opened) -> None:
    toolchain, workspace = zoo
    run = await toolchain.test(workspace)
    assert run.complete, run.completeness
    assert told(run) == VERDICTS
    said = {case.id: case.message for case in run.cases}
    assert said["tests/fails.c::fails"].startswith("3 is not 4\n")
    assert not any(path.suffix in (".o", ".log") for path in workspace.tree.rglob("*"))


@pytest.mark.needs("automake", "sandbox")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_selection_is_what_was_asked_for(zoo: Opened) -> None:
    toolchain, workspace = zoo
    run = await toolchain.test(workspace, ["tests/adds.c::adds", "tests/points.tap::points.tap::is two"])
    assert (run.complete, run.command) == (True, "make check 'TESTS=adds points.tap'")
    assert list(run.verdicts()) == ["tests/adds.c::adds", "tests/points.tap::points.tap::is two"]
    none = await toolchain.test(workspace, ["tests/gone.c"])
    assert (none.complete, none.cases) == (False, ())


@pytest.mark.needs("automake", "sandbox")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_change_is_built_and_the_next_run_knows_nothing_of_it(zoo: Opened, tmp_path: Path) -> None:
    toolchain, workspace = lay(zoo, tmp_path, {"lib/cart.c": CART})
    assert (await toolchain.test(workspace, ["tests/adds.c"])).verdicts() == {"tests/adds.c::adds": "failed"}
    assert (await zoo[0].test(zoo[1], ["tests/adds.c"])).verdicts() == {"tests/adds.c::adds": "passed"}


@pytest.mark.needs("automake", "sandbox")
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("gone", [False, True])
async def test_what_does_not_build_is_an_error_of_its_tests(zoo: Opened, tmp_path: Path, gone: bool) -> None:
    changed = {} if gone else {"lib/cart.c": "int add(\n"}
    toolchain, workspace = lay(zoo, tmp_path, changed, ("lib/cart.c",) if gone else ())
    run = await toolchain.test(workspace, ["tests/adds.c", "tests/expected.c"])
    assert {(case.verdict, case.phase) for case in run.cases} == {("error", "build")}
    assert {case.id for case in run.cases} == {"tests/adds.c::adds", "tests/expected.c::expected"}


@pytest.mark.needs("automake", "sandbox")
@pytest.mark.asyncio(loop_scope="module")
async def test_a_test_without_end_is_never_green(zoo: Opened, tmp_path: Path) -> None:
    toolchain, workspace = lay(zoo, tmp_path, {"tests/adds.c": "int main(void) { for (;;) { } }\n"})
    run = await toolchain.test(workspace, ["tests/adds.c"], limits=Limits(seconds=15))
    assert (run.complete, run.verdicts()) == (False, {"tests/adds.c::adds": "error"})


def test_only_the_tests_that_were_asked_for_are_heard() -> None:
    checks = [Check("t", "a", "t/a.c"), Check("t", "a b", "t/a b")]
    console = "PASS: a\nFAIL: a b\nPASS: unknown\n# FAIL:  1\nmake: PASS: a\n"
    records = [one for one in read_console(console, checks, "") if isinstance(one, Case)]
    assert {one.case.id: one.case.verdict for one in records} == {"t/a.c::a": "passed", "t/a b::a b": "failed"}


@pytest.mark.parametrize(
    ("files", "runners"),
    [
        ({"configure.ac": "AM_INIT_AUTOMAKE\n", "Makefile.am": "TESTS = a\n", "a.c": ""}, ["make check"]),
        ({"configure.ac": "AM_INIT_AUTOMAKE\n", "t/Makefile.am": "TESTS += a\n", "a.c": ""}, ["make check"]),
        ({"configure.ac": "AC_INIT\n", "Makefile.am": "TESTS = a\n", "a.c": ""}, []),
        ({"configure.ac": "AM_INIT_AUTOMAKE\n", "Makefile.am": "# TESTS = a\n", "a.c": ""}, []),
        ({"Makefile": "check:\n\ttrue\n", "a.c": ""}, []),
    ],
)
def test_folders_of_automake_with_tests_are_units(tmp_path: Path, files: dict[str, str], runners: list[str]) -> None:
    assert [unit.runner for unit in find_units(write(tmp_path, files))] == runners
