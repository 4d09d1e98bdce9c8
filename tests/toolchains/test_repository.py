"""Repositories of several languages or folders: each part with its own tools, told as one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.sandbox.port import CommandResult, Limits
from bot.sandbox.process import Process
from bot.settings import Checks, Settings
from bot.toolchains.port import Completeness, TestRun, ToolchainError, Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain, merge_runs
from tests.support.patience import PATIENCE
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

MIXED = {
    "setup.cfg": "",
    "calc.py": "def add(a, b):\n    return a + b\n",
    "tests/test_calc.py": (
        "import unittest\nfrom calc import add\nclass Case(unittest.TestCase):\n"
        "    def test_add(self): self.assertEqual(add(1, 2), 3)\n"
    ),
    "web/package.json": '{"type": "module", "scripts": {"test": "node --test test/*.test.js"}}',
    "web/cart.js": "export const add = (a, b) => a + b;\n",
    "web/test/cart.test.js": (
        'import test from "node:test";\nimport assert from "node:assert/strict";\nimport { add } from "../cart.js";\n'
        'test("adds", () => assert.equal(add(1, 2), 3));\n'
    ),
}
NOWHERE = Settings(registries=["registry.invalid"])
PYTHON, NODE = "tests/test_calc.py::Case::test_add", "web/test/cart.test.js::adds"


async def prepared(folder: Path, files: dict[str, str]) -> tuple[RepositoryToolchain, Workspace]:
    workspace = Workspace(tree=write(folder / "tree", files), env=folder / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, NOWHERE)
    await toolchain.install(workspace)
    return toolchain, workspace


def test_the_output_of_several_runs_ends_with_the_one_whose_reason_is_told() -> None:
    result = CommandResult(argv=(), exit_code=1, output="", truncated=False, seconds=1, peak_mb=None, ended="exit")
    reasons = {"one": "", "two": "no report", "three": "no end", "four": ""}
    runs = [
        TestRun(
            command=said,
            cases=(),
            result=result.model_copy(update={"output": said}),
            completeness=Completeness(ok=not reason, reason=reason),
        )
        for said, reason in reasons.items()
    ]
    merged = merge_runs(runs)
    assert (merged.completeness.reason, merged.result.output) == ("no report", "one\nthree\nfour\ntwo")


def test_many_folders_are_all_tested_and_of_too_many_the_rest_is_told(tmp_path: Path) -> None:
    files = {f"m{number:02}/{name}": "" for number in range(45) for name in ("go.mod", "a_test.go")}
    parts = make_toolchain(bubblewrap(), Checks(), write(tmp_path, files), Settings()).parts
    assert [part.unit.root for part in parts] == [f"m{number:02}" for number in range(40)]
    assert parts[0].unit.evidence == ("`m00/go.mod`",)
    assert parts[-1].unit.evidence == ("`m39/go.mod`", "5 more folders of go that are left out")


@pytest.mark.needs("node")
async def test_a_repository_of_two_languages_is_one_run(tmp_path: Path) -> None:
    toolchain, workspace = await prepared(tmp_path, MIXED)
    run = await toolchain.test(workspace)
    assert run.complete, run.completeness
    assert run.verdicts() == {PYTHON: "passed", NODE: "passed"}
    assert run.command == "python -m unittest; (cd web && node --test 'test/*.test.js')"
    for wanted, command in ((NODE, "(cd web && node --test test/cart.test.js)"), (PYTHON, None)):
        alone = await toolchain.test(workspace, [wanted])
        assert (alone.complete, list(alone.verdicts())) == (True, [wanted])
        assert command is None or alone.command == command
    (workspace.tree / "web" / "cart.js").write_text("export const add = () => 0;\n")
    broken = await toolchain.test(workspace, [PYTHON, NODE])
    assert (broken.complete, broken.result.exit_code) == (True, 1)
    assert broken.verdicts() == {PYTHON: "passed", NODE: "failed"}


@pytest.mark.needs("node", "npm")
async def test_a_part_that_cannot_be_installed_is_told_and_keeps_no_other_away(tmp_path: Path) -> None:
    needy = json.dumps({"scripts": {"test": "mocha"}, "dependencies": {"mocha": "1"}})
    toolchain, workspace = await prepared(tmp_path, MIXED | {"web/package.json": needy})
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {PYTHON: "passed"})
    assert run.notes[0].startswith(
        "`web` (node) could not be installed, so its tests did not run: `(cd web && npm install"
    )
    assert "Refused hosts: registry.npmjs.org:443" in run.notes[0]
    with pytest.raises(ToolchainError, match="npm install"):
        await toolchain.test(workspace, [NODE])
    assert (await toolchain.run(workspace, "python -c 'import calc'", limits=Limits(seconds=PATIENCE))).ok
    only = MIXED["web/cart.js"]
    with pytest.raises(ToolchainError, match="npm install"):
        await prepared(tmp_path / "b", {"package.json": needy, "cart.js": only})


@pytest.mark.needs("node", "npm", "sandbox")
@pytest.mark.parametrize("tier", ["bubblewrap", "process"])
async def test_dependencies_are_installed_once_and_read_only(tmp_path: Path, tier: str) -> None:
    test = (
        'const test = require("node:test"), fs = require("node:fs"), number = require("is-number");\n'
        'test("is there", () => { if (!number(7)) throw new Error("no"); });\n'
        'test("is read-only", () => fs.appendFileSync(require.resolve("is-number"), ""));\n'
    )
    manifest = json.dumps({"scripts": {"test": "node --test"}, "devDependencies": {"is-number": "7.0.0"}})
    workspace = Workspace(
        tree=write(tmp_path / "tree", {"package.json": manifest, "test/a.test.js": test}), env=tmp_path / "env"
    )
    sandbox = bubblewrap() if tier == "bubblewrap" else Process(trust_code=True)
    toolchain = make_toolchain(sandbox, Checks(), workspace.tree, Settings())
    (installed,) = await toolchain.install(workspace)
    assert installed.argv == ("npm install --ignore-scripts --no-audit --no-fund --no-package-lock",)
    assert sorted(path.name for path in workspace.tree.iterdir()) == ["package.json", "test"]
    run = await toolchain.test(workspace)
    assert run.complete, (run.completeness, run.result.output)
    wanted = "failed" if tier == "bubblewrap" else "passed"
    assert run.verdicts() == {"test/a.test.js::is there": "passed", "test/a.test.js::is read-only": wanted}


@pytest.mark.needs("node")
async def test_no_link_leads_the_mount_of_dependencies_astray(tmp_path: Path) -> None:
    toolchain, workspace = await prepared(tmp_path, {"package.json": '{"scripts": {"test": "node --test"}}'})
    (workspace.env / "modules" / "node_modules").mkdir(parents=True)
    (workspace.env / "modules.json").write_text('["node_modules"]')
    (workspace.tree / "node_modules").symlink_to("/etc")
    with pytest.raises(ToolchainError, match="`node_modules` is no folder"):
        await toolchain.test(workspace)


@pytest.mark.needs("node")
async def test_a_repository_that_needs_another_node_is_told(tmp_path: Path) -> None:
    manifest = '{"scripts": {"test": "node --test"}, "engines": {"node": ">=99"}}'
    with pytest.raises(ToolchainError, match=r"needs node >=99; this machine has \d+\."):
        await prepared(tmp_path, {"package.json": manifest})


@pytest.mark.needs("node", "npm")
async def test_a_runner_nobody_knows_is_judged_by_its_exit_code(tmp_path: Path) -> None:
    manifest = '{"scripts": {"test": "node check.js"}}'
    toolchain, workspace = await prepared(tmp_path, {"package.json": manifest, "check.js": "process.exit(3)"})
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts(), run.command) == (True, {"npm test": "failed"}, "npm test")


@pytest.mark.needs("node")
async def test_a_policy_names_another_command_and_how_it_is_read(tmp_path: Path) -> None:
    tree = write(tmp_path / "tree", {"package.json": '{"scripts": {"test": "mocha"}}', "a.test.js": ""})
    workspace = Workspace(tree=tree, env=tmp_path / "env")
    checks = Checks(setup="true", test="printf '1..2\\nok 1 - one\\nnot ok 2 - two\\n'; exit 1", results="tap")
    toolchain = make_toolchain(bubblewrap(), checks, tree, NOWHERE)
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {"one": "passed", "two": "failed"})


@pytest.mark.needs("node")
async def test_what_tests_load_is_built_first_and_a_broken_build_is_no_verdict(tmp_path: Path) -> None:
    manifest = '{"scripts": {"test": "npm run build && node --test", "build": "mkdir -p dist && cp src.js dist/a.js"}}'
    test = 'require("node:test")("built", () => require("../dist/a.js"));\n'
    files = {"package.json": manifest, "src.js": "module.exports = 1;\n", "test/a.test.js": test}
    toolchain, workspace = await prepared(tmp_path, files)
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {"test/a.test.js::built": "passed"})
    (workspace.tree / "src.js").unlink()
    broken = await toolchain.test(workspace)
    assert [(case.id, case.verdict, case.phase) for case in broken.cases] == [("npm run build", "error", "build")]
    assert (broken.complete, broken.ran_any) == (False, False)
    assert broken.completeness.reason == "`npm run build` failed, which builds what the tests load."
