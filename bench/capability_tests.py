"""Count mutants that an outside tool finds killed before and after recorded tests, and cheats that gates accept.

Three packages of PyPI, pinned by the digest of what is downloaded. Each recorded file goes through the gates in the
sandbox first, and counts only if they keep it; mutmut, which knows nothing of them, then counts the mutants that the
package's tests kill without and with it. ``python -m bench.capability_tests`` prints the figures last.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bench.capability_cheats import CHEATS, SOURCE, TARGET
from bot.git.changes import Changes
from bot.mutation.records import Plan, Scope, Survey
from bot.mutation.runner import make_program, read_survey
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.python.toolchain import PythonToolchain, make_toolchain
from handlers.test.gates import ORDERS, judge_survey
from handlers.test.objections import honesty_gate
from handlers.test.records import TargetSurvey

_ANSWERS = Path(__file__).parent / "capability_tests_answers"
_MUTMUT = ("mutmut==3.8.1", "pytest==8.4.2")
_SECONDS = 900


class Package(NamedTuple):
    """A package, the code that is tested, and the recorded tests.

    ``commit`` is what its tag names in the source repository: the same code, seen by comparing both.
    """

    name: str
    version: str
    sha256: str  # of the source distribution
    commit: str
    source: str
    targets: tuple[str, ...]
    answer: str  # where the recorded file goes
    dropped: tuple[str, ...] = ()  # tests that do not run twice in one process, as mutmut does
    needs: tuple[str, ...] = ()


PACKAGES = (
    Package(
        "iniconfig",
        "2.0.0",
        "2d91e135bf72d31a410b17c16da610a82cb55f6b0477d1a902134b24a455b8b3",
        "github.com/pytest-dev/iniconfig@93f5930e668c0d1ddf4597e38dd0dea4e2665e7a",
        "src/iniconfig",
        ("src/iniconfig/_parse.py",),
        "tests/test_parsing.py",
    ),
    Package(
        "deepmerge",
        "2.0",
        "5c3d86081fbebd04dd5de03626a0607b809a98fb6ccba5770b62466fe940ff20",
        "github.com/toumorokoshi/deepmerge@1de7d1827315047110cea90f408045d85200cb8b",
        "deepmerge",
        ("deepmerge/merger.py", "deepmerge/strategy/core.py", "deepmerge/strategy/list.py"),
        "deepmerge/tests/test_merge_edges.py",
    ),
    Package(
        "funcy",
        "2.0",
        "3963315d59d41c6f30c04bc910e10ab50a3ac4a225868bfa96feed133df075cb",
        "github.com/Suor/funcy@13fac0037c109a9e4649fc8ee343be17647f7407",
        "funcy",
        ("funcy/calc.py",),
        "tests/test_text_edges.py",
        dropped=("tests/test_objects.py",),
        needs=("whatever",),
    ),
)


async def measure() -> dict[str, int]:
    """Return the figures of ``/test``."""
    figures = {"mutants_total": 0, "mutants_before": 0, "mutants_after": 0, "cheats_tried": 0, "cheats_accepted": 0}
    with tempfile.TemporaryDirectory(prefix="bench-tests-") as name:
        folder = Path(name)
        python = await asyncio.to_thread(_install_mutmut, folder / "mutmut")
        for package in PACKAGES:
            counted = await _measure_package(package, folder, python)
            print(f"{package.name} {package.version}: {counted}", flush=True)
            for key, value in counted.items():
                figures[f"mutants_{key}"] += value
        accepted = await _try_cheats(folder / "cheats")
        print(f"cheats accepted: {accepted or 'none'}", flush=True)
    return figures | {"cheats_tried": len(CHEATS), "cheats_accepted": len(accepted)}


async def _measure_package(package: Package, folder: Path, python: Path) -> dict[str, int]:
    tree = await asyncio.to_thread(_unpack, package, folder)
    text = (_ANSWERS / f"{Path(package.answer).name}.txt").read_text()
    before = await asyncio.to_thread(_count, package, tree, python)
    workspace = Workspace(tree=tree, env=folder / f"env-{package.name}")
    await _toolchain(workspace).install(workspace)
    kept = await _is_kept(workspace, {path: Scope() for path in package.targets}, package.answer, text)
    after = await asyncio.to_thread(_count, package, tree, python) if kept else before
    return {"total": after["total"], "before": before["killed"], "after": after["killed"]}


async def _is_kept(workspace: Workspace, scopes: Mapping[str, Scope], path: str, text: str) -> bool:
    """Put new tests into the tree, and say whether the gates keep them."""
    plan = Plan(files=dict(scopes))
    survey = await _survey(workspace, plan)
    target = TargetSurvey(
        name="",
        scopes=plan.files,
        mutants=survey.open_mutants(),
        verdicts={},
        tests=f"none of {len(survey.tests)} tests",
    )
    texts = {one: (workspace.tree / one).read_text() for one in scopes}
    file = workspace.tree / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    only = tuple(mutant.id for mutant in target.mutants)
    again = plan.model_copy(update={"targets": (path,), "only": only, "every": True, "orders": ORDERS, "results": True})
    gates = [
        honesty_gate(Changes(files={path: text}), texts),
        *judge_survey(target, await _survey(workspace, again)),
    ]
    refused = [f"{gate.name}: {gate.detail}" for gate in gates if not gate.passed]
    if refused:
        print("\n".join(refused), file=sys.stderr)
    return not refused


async def _survey(workspace: Workspace, plan: Plan) -> Survey:
    limits = Limits(seconds=_SECONDS)
    return read_survey(await _toolchain(workspace).measure(workspace, make_program(plan), limits=limits))


def _toolchain(workspace: Workspace) -> PythonToolchain:
    return make_toolchain(Bubblewrap(), Checks(), workspace.tree, Settings())


async def _try_cheats(folder: Path) -> list[str]:
    """Return the names of the cheats that the gates keep."""
    base = folder / "base"
    base.mkdir(parents=True)
    (base / TARGET).write_text(SOURCE)
    (base / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    workspace = Workspace(tree=base, env=folder / "env")
    await _toolchain(workspace).install(workspace)
    accepted = []
    for number, (name, text) in enumerate(CHEATS.items()):
        tree = folder / f"tree-{number}"
        shutil.copytree(base, tree)
        if await _is_kept(Workspace(tree=tree, env=workspace.env), {TARGET: Scope()}, "tests/test_new.py", text):
            accepted.append(name)
    return accepted


def _unpack(package: Package, folder: Path) -> Path:
    """Fetch the package's source distribution; another digest is an error. Blocking."""
    wanted = folder / f"{package.name}.txt"
    wanted.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "-d", str(folder)]
    subprocess.run([*argv, "--require-hashes", "--requirement", str(wanted)], check=True)
    with tarfile.open(folder / f"{package.name}-{package.version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    tree = folder / f"{package.name}-{package.version}"
    for path in package.dropped:
        (tree / path).unlink()
    return tree


def _install_mutmut(folder: Path) -> Path:
    """Make an environment with mutmut. Blocking."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    needs = [need for package in PACKAGES for need in package.needs]
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *_MUTMUT, *needs], check=True)
    return python


def _count(package: Package, tree: Path, python: Path) -> dict[str, int]:
    """Return how many mutants mutmut makes, and how many are killed. Blocking."""
    with tempfile.TemporaryDirectory(prefix="bench-mutmut-") as name:
        copy = Path(name) / "tree"
        shutil.copytree(tree, copy)
        if not list(copy.rglob("test_*.py")):
            return {"total": 0, "killed": 0}
        settings = {"source_paths": [package.source], "only_mutate": list(package.targets)}
        lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        with (copy / "pyproject.toml").open("a") as stream:
            stream.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")
        command = [str(python), "-m", "mutmut"]
        run = subprocess.run([*command, "run"], cwd=copy, capture_output=True, text=True, timeout=_SECONDS)
        subprocess.run([*command, "export-cicd-stats"], cwd=copy, check=True, capture_output=True)
        found = json.loads((copy / "mutants" / "mutmut-cicd-stats.json").read_text())
        if run.returncode or not found["killed"]:
            print(run.stdout[-600:], file=sys.stderr)
        return {"total": found["total"], "killed": found["killed"]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
