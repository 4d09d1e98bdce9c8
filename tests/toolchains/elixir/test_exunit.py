"""ExUnit: every verdict right, nothing lost, merged or made up; a lost test is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.toolchains.elixir import paths
from bot.toolchains.elixir.language import find_units
from bot.toolchains.port import TestRun, ToolchainError, Workspace
from bot.toolchains.repository import RepositoryToolchain
from tests.support.patience import PATIENCE
from tests.toolchains.conftest import write
from tests.toolchains.zoos import Told, below, open_zoo, told

ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
PASSED, FAILED, SKIPPED = ("passed", "call"), ("failed", "call"), ("skipped", "call")
SETUP, TEARDOWN, UNLOADED = ("error", "setup"), ("error", "teardown"), ("error", "collect")
needs_elixir = pytest.mark.needs("elixir")
VERDICTS: Told = below(
    "test/verdicts_test.exs::VerdictsTest",
    {
        "passes": PASSED, "fails": FAILED, "raises": FAILED, "matches nothing": FAILED, "throws": FAILED,
        "exits": FAILED, "is skipped": SKIPPED, "is skipped with a word": SKIPPED, "is left out": SKIPPED,
        "is not written yet": FAILED, "takes 1": PASSED, "takes 2": PASSED, "group adds": PASSED, "other adds": FAILED,
        'a/b "_<é_::_#2': PASSED, "prints marks": PASSED, "is too slow": ("error", "timeout"),
        "is taken down by what it started": FAILED,
    },
) | {"test/verdicts_test.exs::OtherTest::passes": PASSED}  # fmt: skip
HOOKS: Told = below(
    "test/hooks_test.exs",
    {
        "SetupTest::is kept from running": SETUP, "SetupAllTest::is kept too": SETUP, "SetupAllTest::and this": SETUP,
        "ExitTest::is not tidied up": TEARDOWN,
    },
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zoo(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO, tmp_path_factory.mktemp("elixir"))


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


@needs_elixir
async def test_every_kind_of_verdict_with_its_phase(zoo: Opened) -> None:
    done = await run(zoo, "test/verdicts_test.exs", "test/hooks_test.exs", "test/empty_test.exs")
    assert done.complete, (done.completeness, done.result.output[-2000:])
    assert told(done) == VERDICTS | HOOKS
    assert done.command == "mix test test/verdicts_test.exs test/hooks_test.exs test/empty_test.exs"
    said = {case.id.rpartition("::")[2]: case.message for case in done.cases}
    assert said["fails"].startswith(
        "AssertionError: Assertion with == failed\ncode:  assert Cart.add(1, 2) == 4\nleft:"
    )
    assert said["raises"] == "ArgumentError: no such thing\ntest/verdicts_test.exs:6"
    assert said["and this"].startswith("RuntimeError: cannot set up at all\n")
    raised = {case.id.rpartition("::")[2]: case.raised for case in done.cases}
    assert [(one.type, one.path) for one in raised["raises"]] == [("ArgumentError", "test/verdicts_test.exs")]
    assert sorted(path.name for path in zoo[1].tree.iterdir()) == ["lib", "mix.exs", "test"]


@needs_elixir
@pytest.mark.parametrize("name", ["halt0", "signal"])
async def test_a_test_that_ends_the_machine_is_named_and_those_behind_it_run(zoo: Opened, name: str) -> None:
    """Mix itself ends with 0 and no failure where a test calls ``System.halt(0)``."""
    done = await run(zoo, f"test/{name}_test.exs")
    found = {id.rpartition("::")[2]: verdict for id, verdict in told(done).items()}
    assert not done.complete
    assert {id.rpartition("::")[2] for id in done.completeness.culprits} >= {"b kills"}
    assert found["b kills"] == ("error", "crash")
    assert (found["c behind"], found["d last"]) == (FAILED, PASSED)


@needs_elixir
async def test_a_file_that_does_not_load_keeps_no_other_away(zoo: Opened) -> None:
    broken = [f"test/{name}_test.exs" for name in ("syntax", "missing", "halts_at_load")]
    done = await run(zoo, *broken, "test/hooks_test.exs")
    assert told(done) == HOOKS | dict.fromkeys(broken, UNLOADED)


@needs_elixir
async def test_a_hang_is_ended_and_named(zoo: Opened) -> None:
    done = await run(zoo, "test/hang_test.exs", seconds=12)
    assert (done.complete, done.result.ended) == (False, "timeout")
    assert done.completeness.culprits == ("test/hang_test.exs::HangTest::b kills",)


@needs_elixir
async def test_one_test_is_told_alone_and_one_that_is_not_there_proves_nothing(zoo: Opened) -> None:
    (wanted,) = [id for id in HOOKS if "tidied" in id]
    done = await run(zoo, wanted, "test/hooks_test.exs::SetupTest::was renamed")
    assert told(done) == {wanted: TEARDOWN}
    assert (done.complete, done.completeness.lost) == (False, ("test/hooks_test.exs::SetupTest::was renamed",))


def project(name: str, more: str) -> str:
    return f"defmodule {name}.MixProject do\n  use Mix.Project\n  def project, do: [{more}]\nend\n"


def case_of(name: str, line: str) -> str:
    return f"defmodule {name} do\n  use ExUnit.Case\n  {line}\nend\n"


UMBRELLA = {
    "mix.exs": project("Shop", 'apps_path: "apps"'),
    "apps/core/mix.exs": project("Core", 'app: :core, version: "1.0.0"'),
    "apps/core/lib/core.ex": "defmodule Core do\n  def one, do: 1\nend\n",
    "apps/core/test/test_helper.exs": "ExUnit.start()\n",
    "apps/core/test/core_test.exs": case_of("CoreTest", 'test "one", do: assert(Core.one() == 1)'),
    "apps/web/mix.exs": project("Web", 'app: :web, version: "1.0.0"'),
    "apps/web/lib/web.ex": "defmodule Web do\n  def broken, do: )\nend\n",
    "apps/web/test/test_helper.exs": "ExUnit.start()\n",
    "apps/web/test/web_test.exs": case_of("WebTest", 'test "two", do: assert(true)'),
}


@needs_elixir
async def test_each_app_of_an_umbrella_is_a_unit_and_one_that_does_not_compile_is_an_error(tmp_path: Path) -> None:
    opened = await open_zoo(write(tmp_path / "zoo", UMBRELLA), tmp_path / "run")
    assert [part.unit.root for part in opened[0].parts] == ["apps/core", "apps/web"]
    done = await run(opened)
    assert told(done) == {
        "apps/core/test/core_test.exs::CoreTest::one": PASSED,
        "apps/web/test/web_test.exs": ("error", "build"),
    }
    assert done.result.exit_code == 1


@needs_elixir
async def test_dependencies_that_cannot_be_fetched_are_told_in_a_sentence(tmp_path: Path) -> None:
    """The registry of Hex is not asked for anything else, so this holds wherever it is out of reach."""
    lacking = 'app: :a, version: "1.0.0", deps: [{:no_such_package_of_ours, "~> 1.0"}]'
    files = {"mix.exs": project("A", lacking), "test/a_test.exs": ""}
    with pytest.raises(ToolchainError, match=r"Hex, which fetches|no_such_package_of_ours"):
        await open_zoo(write(tmp_path / "zoo", files), tmp_path / "run")


@pytest.mark.parametrize(
    ("files", "roots"),
    [
        ({"mix.exs": "", "test/a_test.exs": ""}, [""]), ({"mix.exs": "", "lib/a.ex": ""}, []),
        ({"mix.exs": "", "apps/a/mix.exs": "", "apps/a/test/a_test.exs": "", "apps/b/mix.exs": ""}, ["apps/a"]),
        ({"deps/a/mix.exs": "", "deps/a/test/a_test.exs": ""}, []), ({"test/a_test.exs": ""}, []),
        ({"mix.exs": "", "test/fixtures/p/mix.exs": "", "test/fixtures/p/test/a_test.exs": ""}, []),
    ],
)  # fmt: skip
def test_projects_with_tests_are_units(tmp_path: Path, files: dict[str, str], roots: list[str]) -> None:
    assert [unit.root for unit in find_units(write(tmp_path, files))] == roots


@pytest.mark.parametrize(
    ("path", "test", "config"),
    [
        ("test/cart_test.exs", True, False), ("apps/a/test/a_test.exs", True, False), ("test/data.exs", True, False),
        ("test/test_helper.exs", True, True), ("test/support/db.ex", True, True), ("mix.exs", True, True),
        ("config/test.exs", True, True), ("mix.lock", True, True),
        ("lib/cart.ex", False, False), ("lib/cart_test.exs", False, False), ("lib/support/db.ex", False, False),
    ],
)  # fmt: skip
def test_what_is_a_test(path: str, test: bool, config: bool) -> None:
    assert (paths.is_test(path), paths.is_test_config(path)) == (test, config)


@pytest.mark.parametrize(
    ("existing", "near", "expected"),
    [
        ([], "lib/cart.ex", "apps/a/test/cart_test.exs"),
        (["test/shop/a_test.exs"], "lib/cart.ex", "test/shop/cart_test.exs"),
        (["test/cart_test.exs"], "lib/cart.ex", "test/cart_regression_test.exs"),
        ([], "", "apps/a/test/regression_test.exs"),
    ],
)
def test_where_a_new_test_goes(existing: list[str], near: str, expected: str) -> None:
    assert paths.new_test_path(existing, near, "apps/a") == expected
