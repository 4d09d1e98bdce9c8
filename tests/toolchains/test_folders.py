"""Folders with checks of their own: each is tested by its command, the rest as ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.doctor.repository import find
from bot.sandbox.port import Limits
from bot.settings import Checks, FolderChecks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.repository import RepositoryToolchain, make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write
from tests.toolchains.test_repository import MIXED, NOWHERE, PYTHON

UNIT = (
    "import unittest\nclass Case(unittest.TestCase):\n"
    "    def test_here(self): self.assertEqual(open('name.txt').read(), 'api')\n"
)
TAP = "printf '1..2\\nok 1 - one\\nnot ok 2 - two\\n'; pwd; exit 1"


def folders(**own: FolderChecks) -> Checks:
    return Checks(folders={name.replace("_", "/"): one for name, one in own.items()})


def make(tree: Path, checks: Checks) -> RepositoryToolchain:
    return make_toolchain(bubblewrap(), checks, tree, NOWHERE)


def describe(toolchain: RepositoryToolchain) -> list[tuple[str, str, str]]:
    return [(part.unit.root, part.unit.toolchain, part.checks.test or part.unit.runner) for part in toolchain.parts]


@pytest.mark.needs("node", "sandbox")
async def test_a_folder_is_tested_by_its_own_command_and_the_rest_as_ever(tmp_path: Path) -> None:
    checks = folders(
        web=FolderChecks(setup="touch prepared", test=f"test -e prepared && {TAP} # {{tests}}", results="tap")
    )
    workspace = Workspace(tree=write(tmp_path / "tree", MIXED), env=tmp_path / "env")
    toolchain = make(workspace.tree, checks)
    assert describe(toolchain) == [("", "python", ""), ("web", "node", checks.folders["web"].test)]
    installed = await toolchain.install(workspace)
    assert ("(cd web && touch prepared)",) in [one.argv for one in installed]
    run = await toolchain.test(workspace)
    assert (run.complete, run.verdicts()) == (True, {PYTHON: "passed", "web::one": "passed", "web::two": "failed"})
    assert run.command.startswith("python -m unittest; (cd web && test -e prepared")
    alone = await toolchain.test(workspace, ["web/test/cart.test.js"])
    assert set(alone.verdicts()) == {"web::one", "web::two"}
    assert alone.command.endswith("# test/cart.test.js)"), "paths are seen from the folder"
    assert "/work/web" in alone.result.output
    assert list((await toolchain.test(workspace, [PYTHON])).verdicts()) == [PYTHON]


@pytest.mark.needs("sandbox")
async def test_a_runner_at_the_root_does_not_speak_for_folders(tmp_path: Path) -> None:
    files = {"test_root.py": UNIT.replace("'name.txt'", "'root.txt'"), "root.txt": "api", "api/name.txt": "api"}
    files |= {"api/__init__.py": "", "api/test_api.py": UNIT}
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    command = "python -m unittest -q {modules}"
    toolchain = make(workspace.tree, folders(api=FolderChecks(test=command, results="exit")))
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert run.complete, run.completeness
    assert run.verdicts() == {"test_root.py::Case::test_here": "passed", "api::python -m unittest -q": "passed"}
    again = await toolchain.test(workspace, ["api::python -m unittest -q"])
    assert again.verdicts() == {"api::python -m unittest -q": "passed"}
    alone = await toolchain.test(workspace, ["api/test_api.py"])
    assert alone.command == "(cd api && python -m unittest -q test_api)"


@pytest.mark.needs("sandbox")
async def test_a_junit_file_names_its_files_from_the_folder(tmp_path: Path) -> None:
    report = '<testsuite><testcase file="a.rkt" name="adds"/><testcase name="lost"><failure/></testcase></testsuite>'
    tree = write(tmp_path / "tree", {"lib/math/a.rkt": "", "lib/math/junit.xml": report})
    workspace = Workspace(tree=tree, env=tmp_path / "env")
    toolchain = make(tree, folders(lib_math=FolderChecks(setup="true", test="cp junit.xml {results}; exit 1")))
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert run.verdicts() == {"lib/math/a.rkt::adds": "passed", "lib/math::lost": "failed"}


def test_what_lies_in_a_folder_belongs_to_it_and_to_no_language_outside(tmp_path: Path) -> None:
    checks = folders(web=FolderChecks(test="a"), web_admin=FolderChecks(test="b"), api=FolderChecks(test="c"))
    inner = {"web/admin/package.json": MIXED["web/package.json"], "api/test_a.py": UNIT}
    toolchain = make(write(tmp_path, {name: text for name, text in MIXED.items() if "/" in name} | inner), checks)
    assert describe(toolchain) == [
        ("", "python", ""), ("web", "node", "a"), ("web/admin", "node", "b"), ("api", "python", "c")
    ]  # fmt: skip
    alone = make(write(tmp_path / "b", {"api/test_a.py": UNIT}), folders(api=FolderChecks(test="c")))
    assert describe(alone) == [("api", "python", "c")]


@pytest.mark.needs("sandbox")
async def test_minutes_of_a_folder_stand_in_place_of_the_repositorys(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", {"slow/a.txt": ""}), env=tmp_path / "env")
    slow = FolderChecks(setup="true", test="sleep 60", results="exit", minutes=0.1)
    toolchain = make(workspace.tree, folders(slow=slow))
    await toolchain.install(workspace)
    run = await toolchain.test(workspace, limits=Limits(seconds=100))
    assert (run.result.ended, run.complete) == ("timeout", False)


async def test_doctor_tells_the_command_of_each_folder(tmp_path: Path) -> None:
    checks = folders(web=FolderChecks(test="make web"))
    lines = [line async for line in find(write(tmp_path, MIXED), checks, Settings(sandbox="auto"), run=False)]
    assert [line.subject for line in lines] == ["Repository", "web"]
    assert "tested by `make web` of the policy" in lines[1].text
