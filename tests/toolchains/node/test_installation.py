"""Install with npm, pnpm and yarn through the real proxy: without scripts, and with them where nothing loads else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.settings import Checks, Settings
from bot.toolchains.node import programs
from bot.toolchains.node.detection import Manager
from bot.toolchains.node.installation import list_attempts
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.repository import make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

pytestmark = pytest.mark.needs("node", "npm")
USES = (
    'const test = require("node:test");\n'
    'test("is there", () => { if (!require("is-number")(7)) throw new Error("no"); });\n'
)
INTEGRITY = "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng=="
LOCKS = {
    "npm": ("package-lock.json", json.dumps({
        "name": "x", "lockfileVersion": 3, "requires": True,
        "packages": {"": {"name": "x", "devDependencies": {"is-number": "7.0.0"}},
                     "node_modules/is-number": {"version": "7.0.0", "integrity": INTEGRITY, "dev": True}},
    })),
    "pnpm@9.15.9": ("pnpm-lock.yaml", (
        "lockfileVersion: '9.0'\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n"
        "importers:\n  .:\n    devDependencies:\n      is-number:\n        specifier: 7.0.0\n        version: 7.0.0\n"
        f"packages:\n  is-number@7.0.0:\n    resolution: {{integrity: {INTEGRITY}}}\n    engines: {{node: '*'}}\n"
        "snapshots:\n  is-number@7.0.0: {}\n"
    )),
    "yarn@1.22.22": ("yarn.lock", (
        "# yarn lockfile v1\n\n\nis-number@7.0.0:\n  version \"7.0.0\"\n"
        f"  resolved \"https://registry.yarnpkg.com/is-number/-/is-number-7.0.0.tgz\"\n  integrity {INTEGRITY}\n"
    )),
    "yarn@4.9.2": ("yarn.lock", ""),
}  # fmt: skip


def manifest(**more: object) -> str:
    return json.dumps({"name": "x", "scripts": {"test": "node --test"}, **more})


@pytest.mark.parametrize("manager", LOCKS)
async def test_every_manager_installs_what_the_lock_says(tmp_path: Path, manager: str) -> None:
    lock, text = LOCKS[manager]
    more = {} if manager == "npm" else {"packageManager": manager}
    files = {
        "package.json": manifest(devDependencies={"is-number": "7.0.0"}, **more),
        lock: text,
        "test/a.test.js": USES,
    }
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    results = await toolchain.install(workspace)
    shown = [" ".join(one.argv) for one in results if one.ok]
    assert shown[0].startswith({"n": "npm ci ", "p": "pnpm install", "y": "yarn install"}[manager[0]]), shown
    assert not (workspace.tree / "node_modules").exists()
    assert {name: (workspace.tree / name).read_text() for name in files} == files
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {"test/a.test.js::is there": "passed"}), run.result.output


def test_each_manager_begins_with_what_is_strictest() -> None:
    firsts = {name: list_attempts(Manager(name, version, frozen=True))[0] for name, version in (
        ("npm", ""), ("pnpm", "9"), ("yarn", "1"), ("yarn-4", "4"))}  # fmt: skip
    assert "ci" in firsts["npm"]
    assert "--frozen-lockfile" in firsts["pnpm"]
    assert "--frozen-lockfile" in firsts["yarn"]
    berry = list_attempts(Manager("yarn", "4.9.2", frozen=True))
    assert [one[-1] for one in berry] == ["--immutable", "--no-immutable"]
    for command in (*firsts.values(), *berry):
        assert "--ignore-scripts" in command or "--mode=skip-build" in command


async def test_a_manager_that_needs_another_node_is_told(tmp_path: Path) -> None:
    files = {"package.json": manifest(dependencies={"is-number": "7.0.0"}, packageManager="pnpm@11.20.0")}
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    node = programs.find_node()
    assert node is not None
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    if node.version >= (22, 13, 0):
        assert (await toolchain.install(workspace))[-1].ok
        return
    with pytest.raises(ToolchainError, match=r"^The repository's pnpm 11\.20\.0 needs node >=22\.13; this machine has"):
        await toolchain.install(workspace)


SCRIPTED = {
    "package.json": manifest(dependencies={"made": "file:./made", "loads": "file:./loads"}),
    "made/package.json": '{"name": "made", "version": "1.0.0", "scripts": {"postinstall": "echo 1 > index.js"}}',
    "loads/package.json": '{"name": "loads", "version": "1.0.0", "scripts": {"postinstall": "touch ran"}}',
    "loads/index.js": "",
    "test/a.test.js": 'require("node:test")("loads", () => require("made"));\n',
}


async def test_a_script_runs_only_for_a_package_that_does_not_load_without(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", SCRIPTED), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    results = await toolchain.install(workspace)
    assert " ".join(results[0].argv) == "npm rebuild made"
    assert not (workspace.tree / "loads" / "ran").exists()
    run = await toolchain.test(workspace)
    assert run.verdicts() == {"test/a.test.js::loads": "passed"}


async def test_a_dependency_from_elsewhere_names_the_host(tmp_path: Path) -> None:
    elsewhere = manifest(dependencies={"x": "https://tarballs.example/x.tgz"})
    workspace = Workspace(tree=write(tmp_path / "tree", {"package.json": elsewhere}), env=tmp_path / "env")
    with pytest.raises(ToolchainError, match=r"Refused hosts: tarballs\.example:443"):
        await make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace)
