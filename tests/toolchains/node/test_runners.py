"""vitest, jest, mocha and ava: every verdict right, nothing lost, merged or made up; a lost test is named."""

from __future__ import annotations

import pytest

from bot.sandbox.port import Limits
from tests.toolchains.node.conftest import OLD, Open
from tests.toolchains.node.test_node_test import HOOKS, NAMED, VERDICTS
from tests.toolchains.zoos import Told, below, told

pytestmark = pytest.mark.needs("node", "javascript runners")
SUFFIX = {"vitest": ".test.js", "jest": ".test.js", "mocha": ".test.cjs", "ava": ".js"}
SOUND = {
    runner: [
        "verdicts",
        *(["hooks"] if runner != "ava" else ["hooks-before", "hooks-each"]),
        "syntax",
        "missing",
        "empty",
        "late",
    ]
    for runner in SUFFIX
}


def of(runner: str, *names: str) -> list[str]:
    return [f"test/{name}{SUFFIX[runner]}" for name in names]


def renamed(cases: Told, file: str, *without: str) -> Told:
    """The same cases in another file, without those of node:test alone."""
    kept = {id.partition("::")[2]: verdict for id, verdict in cases.items()}
    return below(file, {name: verdict for name, verdict in kept.items() if name not in without})


def expect(runner: str) -> Told:
    (verdicts, late) = of(runner, "verdicts", "late")
    if runner == "ava":
        return expect_ava()
    only = ("parent", "parent::child", "parent::bad child", "forges results")
    hooks = of(runner, "hooks")[0]
    found = renamed(VERDICTS, verdicts, *only) | renamed(HOOKS, hooks, "after")
    found |= {f"{hooks}::before::and so is this": ("error", "setup")}
    found |= dict.fromkeys(of(runner, "syntax", "missing", "empty"), ("error", "collect"))
    found |= below(late, {"is done early": ("passed", "call"), "waits": ("passed", "call")})
    after = {
        "vitest": f"{hooks}::after",
        "jest": hooks,
        "mocha": f'{hooks}::after::"after all" hook: fail for "is well itself"',
    }
    found[after[runner]] = ("error", "teardown")
    if runner == "jest":
        # it finds the test that left the promise
        found[f"{late}::is done early"] = ("failed", "call")
    else:
        found[f"{late}::unhandled error"] = ("error", "teardown")
    if runner == "mocha":
        del found[of(runner, "empty")[0]]
    return found


def expect_ava() -> Told:
    only = ("parent", "parent::child", "parent::bad child", "forges results", "twin", "twin#2", "other::adds", NAMED)
    found = renamed(VERDICTS, "test/verdicts.js", *only, "group::adds", "group::inner::adds")
    found |= below("test/verdicts.js", {
        "group adds": ("passed", "call"), "group inner adds": ("failed", "call"),
        NAMED.replace("\n", " "): ("passed", "call"), "fails as it should": ("skipped", "call"),
        "asserts nothing": ("failed", "call"), "waits for nothing": ("failed", "call"),
    })  # fmt: skip
    found |= below("test/hooks-each.js", {
        "is kept too": ("error", "setup"), "is not tidied up": ("error", "teardown"),
        "is well itself": ("passed", "call"), "after.always hook": ("error", "teardown"),
    })  # fmt: skip
    found |= {"test/hooks-before.js::is kept from running": ("error", "setup")}
    found |= dict.fromkeys(of("ava", "syntax", "missing", "empty"), ("error", "collect"))
    late = {"is done early": ("passed", "call"), "waits": ("passed", "call"), "unhandled error": ("error", "teardown")}
    return found | below("test/late.js", late)


@pytest.mark.parametrize("runner", SUFFIX)
async def test_every_kind_of_verdict_with_its_phase(open_project: Open, runner: str) -> None:
    toolchain, workspace = open_project(runner)
    assert toolchain.parts[0].unit.runner == runner
    run = await toolchain.test(workspace, of(runner, *SOUND[runner]))
    assert run.complete, (run.completeness, run.result.output[-2000:])
    assert told(run) == expect(runner)
    said = {case.id.rpartition("::")[2]: case.message.split("\n")[0] for case in run.cases}
    assert said["fails"].startswith("AssertionError: ")
    assert said["throws"] == "TypeError: Cannot read properties of null (reading 'x')"
    assert said["rejects"] == "RangeError: too far"
    assert said[of(runner, "missing")[0]].startswith("ModuleNotFoundError: Cannot find module './not-there.js'") or (
        runner == "ava" and "not-there.js" in said["test/missing.js"]
    )
    assert not any("/node_modules/" in case.message for case in run.cases if case.id.endswith("::throws"))
    raised = {case.id.rpartition("::")[2]: case.raised for case in run.cases}
    assert [(one.type, one.path) for one in raised["throws"]] == [("TypeError", of(runner, "verdicts")[0])]
    assert sorted(path.name for path in workspace.tree.iterdir()) == ["node_modules", "package.json", "test"]


@pytest.mark.parametrize("runner", SUFFIX)
@pytest.mark.parametrize("name", ["exit0", "signal"])
async def test_a_test_that_ends_the_process_is_never_green_and_is_named(
    open_project: Open, runner: str, name: str
) -> None:
    """jest and mocha end with exit code 0 and no word, where a test calls ``process.exit(0)``."""
    toolchain, workspace = open_project(runner)
    (file,) = of(runner, name)
    run = await toolchain.test(workspace, [file])
    if runner == "vitest" and name == "exit0":
        # it holds the call, and the test fails by it
        assert (run.complete, run.verdicts()[f"{file}::kills"]) == (True, "failed")
        return
    assert not run.complete
    by_test = runner in ("jest", "mocha")
    assert run.completeness.culprits == ((f"{file}::kills",) if by_test else (file,))
    assert "Running then: `" in run.completeness.reason
    assert run.verdicts().get(f"{file}::kills", "error") == "error"
    assert f"{file}::behind it" not in {id for id, verdict in run.verdicts().items() if verdict == "passed"}


@pytest.mark.needs("old javascript runners")
@pytest.mark.parametrize("runner", ["vitest", "mocha", "ava"])
async def test_older_runners_are_read_alike(open_project: Open, runner: str) -> None:
    """vitest 2, mocha 3 and ava 3: other interfaces, the same verdicts."""
    toolchain, workspace = open_project(runner, installed=OLD)
    run = await toolchain.test(workspace, of(runner, *SOUND[runner]))
    assert run.complete, (run.completeness, run.result.output[-2000:])
    wanted = expect(runner)
    if runner == "mocha":
        hook = 'test/hooks.test.cjs::after::"after all" hook: fail'
        wanted[hook] = wanted.pop(f'{hook} for "is well itself"')
    elif runner == "ava":
        line = NAMED.replace("\n", " ")
        wanted[f"test/verdicts.js::{NAMED}"] = wanted.pop(f"test/verdicts.js::{line}")
    assert told(run) == wanted
    said = {case.id.rpartition("::")[2]: case.message.split("\n")[0] for case in run.cases}
    assert said["throws"] == "TypeError: Cannot read properties of null (reading 'x')"
    assert said["fails"].startswith("AssertionError: ")


@pytest.mark.needs("old javascript runners")
@pytest.mark.parametrize("runner", ["vitest", "mocha", "ava"])
async def test_older_runners_name_who_ended_them(open_project: Open, runner: str) -> None:
    toolchain, workspace = open_project(runner, installed=OLD)
    (file,) = of(runner, "signal")
    run = await toolchain.test(workspace, [file])
    assert not run.complete
    assert run.completeness.culprits == ((f"{file}::kills",) if runner == "mocha" else (file,))


@pytest.mark.parametrize("runner", ["mocha", "vitest"])
async def test_a_loop_without_end_is_named(open_project: Open, runner: str) -> None:
    toolchain, workspace = open_project(runner)
    (file,) = of(runner, "loop")
    run = await toolchain.test(workspace, [file], limits=Limits(seconds=5))
    assert (run.complete, run.result.ended) == (False, "timeout")
    assert run.completeness.culprits == ((f"{file}::kills",) if runner == "mocha" else (file,))


@pytest.mark.parametrize("runner", SUFFIX)
async def test_a_selection_is_exactly_what_was_asked_for_or_proves_nothing(open_project: Open, runner: str) -> None:
    toolchain, workspace = open_project(runner)
    (file,) = of(runner, "verdicts")
    wanted = [f"{file}::takes 1", f"{file}::fails"]
    run = await toolchain.test(workspace, [*wanted, f"{file}::was renamed"])
    assert list(run.verdicts()) in (wanted, wanted[::-1])
    assert (run.complete, run.completeness.lost) == (False, (f"{file}::was renamed",))


async def test_a_test_that_jest_runs_again_is_one_test(open_project: Open) -> None:
    toolchain, workspace = open_project("jest")
    run = await toolchain.test(workspace, ["test/retries.test.js"])
    assert run.complete, run.completeness
    assert {id.rpartition("::")[2]: verdict for id, verdict in run.verdicts().items()} == {
        "passes when it runs again": "passed", "and another": "passed",
    }  # fmt: skip


ARGUMENTS = """
const declare = globalThis.it ?? require("node:test").test;
declare("sees no options or colours of ours", () => {
  if ("NO_COLOR" in process.env || "FORCE_COLOR" in process.env) throw new Error("colours");
  const seen = [...process.argv, ...process.execArgv].filter((one) => /forgehand|^--(reporter|ci$|bail)/.test(one));
  if (seen.length) throw new Error(seen.join());
});
"""


@pytest.mark.parametrize("runner", ["jest", "mocha", "node-test"])
async def test_tests_see_no_options_or_colours_of_ours(open_project: Open, runner: str) -> None:
    """commander.js reads both of the process that tests it."""
    file = f"test/arguments{SUFFIX.get(runner, '.test.cjs')}"
    toolchain, workspace = open_project(runner, {file: ARGUMENTS})
    run = await toolchain.test(workspace, [file])
    assert told(run) == {f"{file}::sees no options or colours of ours": ("passed", "call")}, run.cases


@pytest.mark.parametrize("runner", ["jest", "mocha", "ava"])
async def test_lines_that_no_test_ran_are_known(open_project: Open, runner: str) -> None:
    """jest changes files before they run, so it counts itself; for the others V8 does."""
    text = "exports.sign = (x) => {\n  if (x < 0) {\n    return '-';\n  }\n  return '';\n};\n"
    tests = {
        "jest": "const { sign } = require('../sign.js');\ntest('none', () => expect(sign(1)).toBe(''));\n",
        "mocha": "const { sign } = require('../sign.js');\nit('none', () => sign(1));\n",
        "ava": "const test = require('ava').default;\ntest('none', (t) => t.is(require('../sign.js').sign(1), ''));\n",
    }
    (file,) = of(runner, "own")
    toolchain, workspace = open_project(
        files={"package.json": f'{{"scripts": {{"test": "{runner}"}}}}', "sign.js": text, file: tests[runner]}
    )
    assert toolchain.counts("sign.js", workspace.env)
    run = await toolchain.test(workspace, [file], counted={"sign.js": text})
    assert run.verdicts() == {f"{file}::none": "passed"}
    assert run.hits == {"sign.js": {1: 1, 2: 1, 3: 0, 5: 1}}
