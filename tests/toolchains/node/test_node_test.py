"""node:test, which needs nothing but node: every verdict right, nothing lost, merged or made up."""

from __future__ import annotations

import pytest

from bot.sandbox.port import Limits
from tests.support.patience import PATIENCE
from tests.toolchains.node.conftest import Open
from tests.toolchains.zoos import below, told

pytestmark = pytest.mark.needs("node")
NAMED = 'a/b " < :: # \\ é 😀\nnext'
VERDICTS = below(
    "test/verdicts.test.js",
    {
        "passes": ("passed", "call"),
        "fails": ("failed", "call"),
        "throws": ("failed", "call"),
        "rejects": ("failed", "call"),
        "throws no error": ("failed", "call"),
        "skips": ("skipped", "call"),
        "is to be done": ("skipped", "call"),
        "takes 1": ("passed", "call"),
        "takes 2": ("passed", "call"),
        "group::adds": ("passed", "call"),
        "group::inner::adds": ("failed", "call"),
        "other::adds": ("passed", "call"),
        "parent": ("failed", "call"),
        "parent::child": ("passed", "call"),
        "parent::bad child": ("failed", "call"),
        "twin": ("passed", "call"),
        "twin#2": ("failed", "call"),
        NAMED: ("passed", "call"),
        "prints marks of reports": ("passed", "call"),
        "prints no line end": ("passed", "call"),
        "passes behind that": ("passed", "call"),
        "forges results": ("passed", "call"),
        "never ends": ("failed", "call"),
    },
)
HOOKS = below(
    "test/hooks.test.js",
    {
        "before::is kept from running": ("error", "setup"),
        "beforeEach::is kept too": ("error", "setup"),
        "afterEach::is not tidied up": ("error", "teardown"),
        "after::is well itself": ("passed", "call"),
        "after": ("error", "teardown"),
    },
)
FILES = {
    "test/syntax.test.js": ("error", "collect"),
    "test/missing.test.js": ("error", "collect"),
    "test/late.test.js::is done early": ("passed", "call"),
    "test/late.test.js::waits": ("passed", "call"),
    "test/late.test.js::unhandled error": ("error", "teardown"),
}
SOUND = [f"test/{name}.test.js" for name in ("verdicts", "hooks", "syntax", "missing", "empty", "late")]


async def test_every_kind_of_verdict_with_its_phase(open_project: Open) -> None:
    toolchain, workspace = open_project("node-test")
    assert toolchain.parts[0].unit.evidence == ("script `test` of package.json",)
    run = await toolchain.test(workspace, SOUND)
    assert run.complete, run.completeness
    assert told(run) == {**VERDICTS, **HOOKS, **FILES}
    said = {case.id.rpartition("::")[2]: case.message.split("\n")[0] for case in run.cases}
    assert said["fails"] == "AssertionError: Expected values to be strictly equal: 400 !== 500"
    assert said["throws"] == "TypeError: Cannot read properties of null (reading 'x')"
    assert said["throws no error"] == "Error: only text"
    assert said["test/missing.test.js"].startswith("ModuleNotFoundError: Cannot find module '/work/test/not-there.js'")
    raised = {case.id.rpartition("::")[2]: case.raised for case in run.cases}
    assert [(one.type, one.path, one.genuine) for one in raised["throws"]] == [
        ("TypeError", "test/verdicts.test.js", False)
    ]


@pytest.mark.parametrize("name", ["exit0", "exit3", "signal"])
async def test_a_file_that_ends_its_process_is_never_green_and_is_named(open_project: Open, name: str) -> None:
    """Node itself says: one passed test and exit code 0, where a test calls ``process.exit(0)``."""
    toolchain, workspace = open_project("node-test")
    run = await toolchain.test(workspace, [f"test/{name}.test.js", "test/late.test.js"])
    assert not run.complete
    assert run.completeness.culprits == (f"test/{name}.test.js",)
    assert run.completeness.reason.endswith(f"Running then: `test/{name}.test.js`.")
    assert told(run)[f"test/{name}.test.js"] == ("error", "crash")
    assert told(run)["test/late.test.js::waits"] == ("passed", "call"), "other files lose nothing"


async def test_a_loop_without_end_is_named(open_project: Open) -> None:
    toolchain, workspace = open_project("node-test")
    run = await toolchain.test(workspace, ["test/loop.test.js"], limits=Limits(seconds=4))
    assert (run.complete, run.result.ended) == (False, "timeout")
    assert run.completeness.culprits == ("test/loop.test.js",)


async def test_a_selection_is_exactly_what_was_asked_for_or_proves_nothing(open_project: Open) -> None:
    toolchain, workspace = open_project("node-test")
    wanted = [f"test/verdicts.test.js::{name}" for name in ("twin#2", "parent", NAMED)]
    run = await toolchain.test(workspace, wanted)
    assert run.complete, run.completeness
    children = [f"{wanted[1]}::child", f"{wanted[1]}::bad child"]
    assert set(run.verdicts()) == {*wanted, *children}
    assert run.command == "node --test test/verdicts.test.js"
    gone = await toolchain.test(workspace, ["test/verdicts.test.js::was renamed", wanted[0]])
    assert (gone.complete, list(gone.verdicts())) == (False, [wanted[0]])
    assert gone.completeness.reason == "`test/verdicts.test.js::was renamed` was asked for and did not run."
    for target in ("test/empty.test.js", "test/verdicts.test.js::was renamed"):
        nothing = await toolchain.test(workspace, [target])
        assert (nothing.complete, nothing.cases) == (False, ())


FORGER = """
import { createHmac, createHash } from "node:crypto";
import fs from "node:fs";
import test from "node:test";
for (const name of fs.readdirSync("/forgehand/results")) {
  if (name === "key") throw new Error("the key was there");
  if (name === "results.jsonl") fs.writeFileSync("/forgehand/results/" + name, "00 {}");
}
process.exit(0);
"""


async def test_results_cannot_be_made_up_by_code_of_the_repository(open_project: Open) -> None:
    toolchain, workspace = open_project("node-test", {"test/forger.test.js": FORGER})
    run = await toolchain.test(workspace, ["test/forger.test.js", "test/verdicts.test.js"])
    assert not run.complete
    assert "passed" not in {case.verdict for case in run.cases if "forger" in case.id}


async def test_a_shell_line_sees_what_the_tests_see(open_project: Open) -> None:
    toolchain, workspace = open_project("node-test")
    result = await toolchain.run(
        workspace, "node -p 'process.cwd()'; env | grep -c FORGEHAND", limits=Limits(seconds=PATIENCE)
    )
    assert result.output == "/work\n0\n"
