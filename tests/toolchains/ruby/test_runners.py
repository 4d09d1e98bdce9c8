"""RSpec, minitest and test-unit: every verdict right, nothing lost, merged or made up; a lost test is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox.port import Limits
from bot.toolchains.port import TestRun, Workspace
from bot.toolchains.repository import RepositoryToolchain
from tests.support.patience import PATIENCE
from tests.toolchains.conftest import write
from tests.toolchains.zoos import Told, below, open_zoo, told

pytestmark = pytest.mark.needs("ruby")
ZOO = Path(__file__).parent / "zoo"
Opened = tuple[RepositoryToolchain, Workspace]
SUFFIX = {"rspec": "spec", "minitest": "test", "test-unit": "test"}
PASSED, FAILED, SKIPPED = ("passed", "call"), ("failed", "call"), ("skipped", "call")
SETUP, TEARDOWN, UNLOADED = ("error", "setup"), ("error", "teardown"), ("error", "collect")
NAMED = 'a/b "_<é_::_#2'
RSPEC: Told = below(
    "spec/verdicts_spec.rb::Cart",
    {
        "passes": PASSED, "fails": FAILED, "errs": FAILED, "is skipped": SKIPPED, "skips itself": SKIPPED,
        "is pending and fails": SKIPPED, "is pending and passes": FAILED, "has no body": SKIPPED,
        "takes 1": PASSED, "takes 2": PASSED,
        "group::adds": PASSED, "group::adds#2": FAILED, "group::when inner::adds": PASSED,
        "shared::example": PASSED, "shared::example#2": FAILED,
        "shared::behaves like a number::is one": PASSED,
        f"{NAMED}\n'next": PASSED, "prints marks": PASSED, "keeps two failures apart": FAILED,
        "is called as it should be": FAILED, "is well in a process of its own": PASSED,
    },
) | below(
    "spec/hooks_spec.rb",
    {
        "hooks::before::is kept from running": SETUP, "hooks::before all::is kept too": SETUP,
        "hooks::before all::and this": SETUP, "hooks::after::is not tidied up": TEARDOWN,
        "hooks::after::fails by itself": FAILED, "hooks::around::is not reached": SETUP,
        "hooks::after all::is well itself": PASSED, "hook": TEARDOWN,
    },
)  # fmt: skip
ALIKE: Told = {
    "VerdictsTest::test_passes": PASSED, "VerdictsTest::test_fails": FAILED, "VerdictsTest::test_errs": FAILED,
    "VerdictsTest::test_prints_marks": PASSED, "VerdictsTest::test_is_well_in_a_process_of_its_own": PASSED,
    "VerdictsTest::InnerTest::test_passes": PASSED,
}  # fmt: skip
HOOKS: Told = {
    "SetupTest::test_is_kept_from_running": SETUP, "TeardownTest::test_is_not_tidied_up": TEARDOWN,
    "TeardownTest::test_fails_by_itself": FAILED,
}  # fmt: skip
INHERITED = [
    "passes", "errs", "skips", "takes_1", "takes_2", NAMED, "prints_marks", "is_well_in_a_process_of_its_own",
    "is_shared",
]  # fmt: skip
MINITEST: Told = below(
    "test/verdicts_test.rb",
    ALIKE | {
        "VerdictsTest::test_skips": SKIPPED, "VerdictsTest::test_takes_1": PASSED, "VerdictsTest::test_takes_2": PASSED,
        "VerdictsTest::test_is_shared": PASSED, f"VerdictsTest::test_{NAMED}": PASSED,
        **{f"AgainTest::test_{name}": PASSED for name in INHERITED},
        "AgainTest::test_fails": PASSED, "AgainTest::test_errs": FAILED, "AgainTest::test_skips": SKIPPED,
        "ConcreteTest::test_is_not_known_here": PASSED,
        "ParallelTest::test_one": PASSED, "ParallelTest::test_two": FAILED,
        "basket::adds": PASSED, "basket::adds#2": FAILED, "basket::inner::adds": PASSED,
        "basket::inner::has no body": SKIPPED,
    },
) | below("test/hooks_test.rb", HOOKS)  # fmt: skip
TEST_UNIT: Told = below(
    "test/verdicts_test.rb",
    ALIKE | {
        "VerdictsTest::test_is_pending": SKIPPED, "VerdictsTest::test_is_left_out": SKIPPED,
        "VerdictsTest::test_takes[one]": PASSED, "VerdictsTest::test_takes[none]": FAILED,
        f"VerdictsTest::test: {NAMED}": PASSED, "VerdictsTest::group::test_adds": PASSED,
    },
) | below(
    "test/hooks_test.rb",
    HOOKS | {
        "CleanupTest::test_is_not_cleaned_up": TEARDOWN, "StartupTest": SETUP,
        "StartupTest::test_runs_all_the_same": PASSED, "ShutdownTest": TEARDOWN,
        "ShutdownTest::test_is_well_itself": PASSED,
    },
)  # fmt: skip
EXPECTED = {"rspec": RSPEC, "minitest": MINITEST, "test-unit": TEST_UNIT}


def of(runner: str, name: str) -> str:
    return f"{SUFFIX[runner]}/{name}_{SUFFIX[runner]}.rb"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=list(SUFFIX))
async def zoo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return await open_zoo(ZOO / request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def runner(zoo: Opened) -> str:
    return zoo[0].parts[0].unit.runner


async def run(opened: Opened, *targets: str, seconds: float = PATIENCE) -> TestRun:
    toolchain, workspace = opened
    return await toolchain.test(workspace, targets, limits=Limits(seconds=seconds))


async def test_every_kind_of_verdict_with_its_phase(zoo: Opened, runner: str) -> None:
    sound = ["verdicts", "hooks", "syntax", "missing", "exits_at_load", "empty"]
    done = await run(zoo, *(of(runner, name) for name in sound))
    assert done.complete, (done.completeness, done.result.output[-2000:])
    unloaded = dict.fromkeys((of(runner, name) for name in ("syntax", "missing", "exits_at_load")), UNLOADED)
    assert told(done) == EXPECTED[runner] | unloaded
    said = {
        case.id.rpartition("::")[2].removeprefix("test_"): case.message for case in done.cases if "Again" not in case.id
    }
    assert said["errs"].startswith("NoMethodError: undefined method `missing' for nil")
    assert said["fails"].startswith("AssertionError: ")
    assert said[of(runner, "missing")].startswith("LoadError: cannot load such file -- not_there\n")
    raised = {case.id.rpartition("::")[2].removeprefix("test_"): case.raised for case in done.cases}
    assert [(one.type, one.path) for one in raised["errs"]] == [("NoMethodError", of(runner, "verdicts"))]
    assert sorted(path.name for path in zoo[1].tree.iterdir() if path.name != "Rakefile") == sorted(
        {".rspec", "lib", "spec"} if runner == "rspec" else {"lib", "test"}
    )


@pytest.mark.parametrize("name", ["exit0", "exit3", "signal"])
async def test_a_test_that_ends_the_process_is_named_and_costs_no_other_its_verdict(
    zoo: Opened, runner: str, name: str
) -> None:
    """RSpec itself says of ``exit 0`` that all is well: exit code 0, 2 examples, 0 failures."""
    done = await run(zoo, of(runner, name))
    names = {case.id.rpartition("::")[2]: (case.verdict, case.phase) for case in done.cases}
    wanted = [("a_before", PASSED), ("b_kills", ("error", "crash")), ("c_behind", FAILED), ("d_last", PASSED)]
    if runner == "rspec":
        assert names == {text[2:].replace("before", "is before").replace("behind", "is behind").replace(
            "last", "is last"): verdict for text, verdict in wanted}  # fmt: skip
    else:
        assert names == {f"test_{text}": verdict for text, verdict in wanted}
    assert not done.complete
    assert [one.rpartition("_")[2].rpartition(":")[2] for one in done.completeness.culprits] == ["kills"]


async def test_a_file_that_ends_the_process_is_named(zoo: Opened, runner: str) -> None:
    done = await run(zoo, of(runner, "ends_at_load"), of(runner, "hooks"))
    assert (done.complete, done.completeness.culprits) == (False, (of(runner, "ends_at_load"),))


async def test_a_hang_is_ended_and_named(zoo: Opened, runner: str) -> None:
    done = await run(zoo, of(runner, "hang"), seconds=4)
    assert (done.complete, done.result.ended) == (False, "timeout")
    assert [case.verdict for case in done.cases if case.phase == "timeout"] == ["error"]
    assert done.completeness.culprits[0].endswith("kills")


async def test_one_test_is_told_alone_and_one_that_is_not_there_proves_nothing(zoo: Opened, runner: str) -> None:
    wanted = [id for id in EXPECTED[runner] if "takes" in id]
    done = await run(zoo, *wanted)
    assert (done.complete, told(done)) == (True, {id: EXPECTED[runner][id] for id in wanted})
    done = await run(zoo, f"{of(runner, 'verdicts')}::was renamed")
    assert (done.complete, done.cases) == (False, ())


async def test_a_file_that_is_not_there_is_no_success(zoo: Opened, runner: str) -> None:
    done = await run(zoo, of(runner, "not_there"))
    assert told(done) == {of(runner, "not_there"): UNLOADED}


async def test_ids_do_not_change_where_a_test_is_put_before(tmp_path: Path) -> None:
    before = 'require "minitest/autorun"\ndescribe("basket") do\n'
    rest = '  it("adds") { skip }\nend\n'
    files = {"Rakefile": "", "test/a_test.rb": before + rest}
    opened = await open_zoo(write(tmp_path / "zoo", files), tmp_path / "run")
    first = await run(opened)
    (opened[1].tree / "test/a_test.rb").write_text(f'{before}  it("is new") {{ skip }}\n{rest}')
    assert set(told(first)) < set(told(await run(opened)))


async def test_a_suite_hook_that_fails_leaves_nothing_green(tmp_path: Path) -> None:
    hook = "RSpec.configure { |config| config.before(:suite) { raise 'no database' } }\n"
    files = {".rspec": "", "spec/a_spec.rb": f"{hook}RSpec.describe('a') {{ it('adds') {{ nil }} }}\n"}
    done = await run(await open_zoo(write(tmp_path / "zoo", files), tmp_path / "run"))
    assert told(done) == {"spec/a_spec.rb::hook": SETUP}
    assert (done.complete, done.completeness.lost) == (False, ("spec/a_spec.rb::a::adds",))


FORGERY = """
require "json"
at_exit { exit!(0) }
RSpec.describe "liar" do
  it("lies") do
    File.write(File.join(ENV["FORGEHAND_RESULTS"], "results.jsonl"), '{"event": "end"}\\n', mode: "a")
    expect(File.exist?(File.join(ENV["FORGEHAND_RESULTS"], "key"))).to be(false)
  end
  it("fails") { expect(1).to eq(2) }
end
"""


async def test_forged_lines_are_not_read_and_a_changed_exit_is_noticed(tmp_path: Path) -> None:
    opened = await open_zoo(write(tmp_path / "zoo", {".rspec": "", "spec/a_spec.rb": FORGERY}), tmp_path / "run")
    done = await run(opened)
    assert (done.result.exit_code, done.complete) == (0, False)
    assert told(done) == below("spec/a_spec.rb::liar", {"lies": PASSED, "fails": FAILED})


LOCK = """GEM
  remote: https://rubygems.org/
  specs:
    minitest (5.17.0)

PLATFORMS
  ruby

DEPENDENCIES
  minitest
"""


@pytest.mark.parametrize("lock", [LOCK, ""], ids=["with a lock", "without"])
async def test_what_the_registry_does_not_give_the_machine_may_have(tmp_path: Path, lock: str) -> None:
    tree = shutil.copytree(ZOO / "minitest", tmp_path / "zoo")
    write(tree, {"Gemfile": 'source "https://gems.example.invalid"\ngem "minitest"\n'})
    if lock:
        write(tree, {"Gemfile.lock": lock.replace("rubygems.org", "gems.example.invalid")})
    opened = await open_zoo(tree, tmp_path / "run")
    assert opened[0].parts[0].unit.manager == "bundler"
    done = await run(opened, "test/hooks_test.rb")
    assert (done.complete, told(done)) == (True, below("test/hooks_test.rb", HOOKS))
    assert done.command.startswith("bundle exec ruby -Ilib -Itest")
    assert (opened[1].tree / "Gemfile.lock").exists() is bool(lock)


async def test_a_gem_is_tested_with_the_gemfile_around_it(tmp_path: Path) -> None:
    tree = write(tmp_path / "zoo", {"Gemfile": 'source "https://gems.example.invalid"\ngem "minitest"\n'})
    shutil.copytree(ZOO / "minitest", tree / "gems/zoo", ignore=shutil.ignore_patterns("Gemfile*"))
    write(tree, {"gems/zoo/zoo.gemspec": ""})
    opened = await open_zoo(tree, tmp_path / "run")
    done = await run(opened, "gems/zoo/test/hooks_test.rb")
    assert (done.complete, told(done)) == (True, below("gems/zoo/test/hooks_test.rb", HOOKS))
    assert done.command.startswith("(cd gems/zoo && bundle exec ruby -Ilib -Itest")
    assert not (opened[1].tree / "Gemfile.lock").exists()
