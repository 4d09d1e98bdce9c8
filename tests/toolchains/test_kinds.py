"""Kinds of repositories that real ones taught us: what each says of its tests, and that a tiny one of it is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Checks, Settings
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.python import commands, installation
from bot.toolchains.python.locks import read_locked
from bot.toolchains.python.members import find_import_roots
from bot.toolchains.python.project import Project, detect
from bot.toolchains.python.shadows import find_conflict
from bot.toolchains.python.toolchain import make_toolchain
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

FLIT = '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'


def package(name: str, more: str = "") -> str:
    return f'{FLIT}[project]\nname = "{name}"\nversion = "1"\ndescription = "x"\n{more}'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # extras and test requirements of a setup.py, written out or named
        ({"setup.py": "from setuptools import setup\nneeded = ['pytest-asyncio']\nextras_require = {'tests': needed}\n"
                      "setup(extras_require=extras_require, python_requires='>=3.8')"},
         Project(installable=True, requires_python=">=3.8", extras=("tests",))),
        ({"setup.py": "import setuptools\nsetuptools.setup(tests_require=['mock>=2', '-e .', 'x @ git+https://h/x'])"},
         Project(installable=True, packages=("mock>=2",))),
        ({"setup.py": "print 'Python 2'"}, Project(installable=True)),
        # one plain requirements file that also names what runs the tests
        ({"pyproject.toml": "[build-system]", "requirements.txt": "-e .[http2]\npytest==8.4.1\n"},
         Project(installable=True, requirements=("requirements.txt",))),
        ({"pyproject.toml": "[build-system]", "requirements.txt": "sphinx-pytest\nrequests\n"},
         Project(installable=True)),
        # tox: references, files, extras, groups; both forms
        ({"tox.ini": "[core]\ndeps =\n  {[more]deps}\n  trustme\n[more]\ndeps = six\n[loop]\ndeps = {[loop]deps}\n"
                     "[testenv]\ndeps =\n  {[core]deps}\n  {[loop]deps}\n  -rneeded.txt\n  -r absent.txt\n"
                     "  x=={env:X}\n  git+https://host/x\n  py27: enum34\n", "needed.txt": ""},
         Project(packages=("six", "trustme"), requirements=("needed.txt",))),
        ({"needed.txt": "",
          "tox.toml": "[env_run_base]\ndeps=['mock', '-r needed.txt']\nextras=['http']\ndependency_groups=['check']",
          "pyproject.toml": "[project.optional-dependencies]\nhttp=[]\n[dependency-groups]\ncheck=[]"},
         Project(packages=("mock",), requirements=("needed.txt",), extras=("http",), groups=("check",))),
        # hatch, PDM, uv, Poetry
        ({"pyproject.toml": "[build-system]\n[project.optional-dependencies]\ni18n=[]\n"
                            "[tool.hatch.envs.default]\ndependencies=['coverage']\n[tool.hatch.envs.docs]\n"
                            "dependencies=['sphinx']\n[tool.hatch.envs.test]\nfeatures=['i18n', 'none']\n"
                            "extra-dependencies=['babel>2', '{root:uri}/x']"},
         Project(installable=True, extras=("i18n",), packages=("coverage", "babel>2"))),
        ({"pyproject.toml": "[build-system]\n[tool.pdm.dev-dependencies]\ntest=['mock', '-e file:///x']\nlint=['ruff']\n"
                            "[tool.uv]\ndev-dependencies=['trustme']"},
         Project(installable=True, packages=("mock", "trustme"))),
        ({"pyproject.toml": "[build-system]\n[tool.poetry.extras]\ntest=['x']\n"
                            "[tool.poetry.group.dev.dependencies]\npython='^3'\nuvicorn={version='^1',extras=['standard']}\n"
                            "ours={path='../ours'}"},
         Project(installable=True, extras=("test",), packages=("uvicorn[standard]",))),
        # plugins without which pytest does not know its own configuration
        ({"pytest.ini": "[pytest]\naddopts = -v --asyncio-mode=strict --cov-report=xml -n auto\ntimeout = 3\n"
                        "required_plugins = pytest-mock>=3"},
         Project(packages=("pytest-mock>=3", "pytest-timeout", "pytest-asyncio", "pytest-cov", "pytest-xdist"))),
        # pipenv
        ({"Pipfile": "[packages]\nflask = {version = '>=2', extras = ['async']}\nours = {path = '.'}\n"
                     "[dev-packages]\nmock = '*'\nforked = {git = 'https://h/x'}\n",
          "Pipfile.lock": '{"default": {"flask": {"version": "==3.0.0"}, "ours": {"path": "."}}, "_meta": 1, "develop":'
                          ' {"mock": {"version": "==5.1"}, "forked": {"git": "https://h/x", "ref": "1"}}}'},
         Project(packages=("flask[async]", "mock"), locked=("flask==3.0.0", "mock==5.1"))),
        # unittest files named in the plural
        ({"pkg/tests/base_tests.py": "import unittest"}, Project(unittest=True)),
    ],
)  # fmt: skip
def test_what_a_kind_of_repository_says(tmp_path: Path, files: dict[str, str], expected: Project) -> None:
    assert detect(write(tmp_path, files)) == expected


def test_locked_versions_are_those_of_registry_packages_known_once(tmp_path: Path) -> None:
    entries = {
        'name = "six"\nversion = "1.16.0"': True,
        'name = "legacy"\nversion = "1"\n[package.source]\ntype = "legacy"': True,
        'name = "simple"\nversion = "2"\nsource = { registry = "https://host/simple" }': True,
        'name = "ours"\nversion = "1"\nsource = { editable = "." }': False,
        'name = "cloned"\nversion = "1"\n[package.source]\ntype = "git"': False,
        'name = "near"\nversion = "1"\npath = "./near"': False,
        'name = "--index-url"\nversion = "1"': False,
        'name = "numpy"\nversion = "1.26.4"': False,
        'name = "numpy"\nversion = "2.0.0"': False,
    }
    write(tmp_path, {"poetry.lock": "".join(f"[[package]]\n{entry}\n" for entry in entries)})
    assert read_locked(tmp_path) == ("six==1.16.0", "legacy==1", "simple==2")
    assert read_locked(write(tmp_path / "none", {"uv.lock": "package = 3"})) == ()


def test_folders_of_a_repository_without_a_build_of_its_own(tmp_path: Path) -> None:
    folders = {
        "python/pyproject.toml": package("one", "[project.optional-dependencies]\ntest = []\n"),
        "python/src/one.py": "",
        "libs/two/setup.py": "from setuptools import setup\nsetup(python_requires='>=3.9')",
        "libs/two/requirements-test.txt": "six",
        "libs/two/tox.ini": "[testenv]\ndeps = mock",
        "docs/examples/setup.py": "x",
        "web/package.json": "{}",
    }
    found = detect(write(tmp_path / "found", folders))
    assert found == Project(
        requires_python=">=3.9",
        requirements=("libs/two/requirements-test.txt",),
        packages=("mock",),
        members=("./python[test]", "./libs/two"),
    )
    assert find_import_roots(tmp_path / "found") == ["", "python/src", "libs/two"]
    # the root's own requirements win, and a workspace names its members
    named = {
        "pyproject.toml": "[project]\ndependencies = ['one', 'httpx']\n[tool.uv.sources]\none = {workspace = true}\n"
        "[tool.uv.workspace]\nmembers = ['pyt*', 'libs/*', '../*']\nexclude = ['libs/two']",
        "requirements-dev.txt": "six",
    }
    found = detect(write(tmp_path / "found", named))
    assert (found.members, found.packages) == (("./python[test]",), ("httpx",))
    assert found.requirements == ("requirements-dev.txt",)
    # nothing but requirements in a folder
    bare = write(tmp_path / "bare", {"backend/requirements.txt": "six", "backend/app.py": "", "tests/requirements": ""})
    assert detect(bare) == Project(requirements=("backend/requirements.txt",))
    assert find_import_roots(bare) == ["", "backend"]
    assert find_conflict("backend/json.py", bare, tmp_path / "env") is not None
    assert find_conflict("backend/new.py", bare, tmp_path / "env") is None


MONOREPO = {
    "core/pyproject.toml": package("sample-core"),
    "core/src/sample_core/__init__.py": "def answer():\n    return 42\n",
    "app/pyproject.toml": package(
        "sample-app", 'dependencies = ["iniconfig"]\n[dependency-groups]\ntest = ["pytest-cov"]\n'
    ),
    "app/src/sample_app/__init__.py": "from sample_core import answer\n",
    "app/tests/test_app.py": """
import iniconfig, importlib.metadata, pytest, sample_app
def test_across_packages():
    assert sample_app.answer() == 42
def test_version(pytestconfig):
    assert importlib.metadata.version("iniconfig") == "2.0.0"
def test_coverage_is_off(pytestconfig):
    assert pytestconfig.option.no_cov
""",
    # a repository that is itself one of the packages we look for in the environment
    "plugin/pyproject.toml": package("pytest-cov", '[project.entry-points.pytest11]\ncov = "pytest_cov"\n'),
    "plugin/pytest_cov.py": "def pytest_addoption(parser):\n    parser.addoption('--no-cov', action='store_true')\n",
    "uv.lock": '[[package]]\nname = "iniconfig"\nversion = "2.0.0"\nsource = { registry = "https://host/simple" }\n',
}


async def test_a_repository_of_several_packages_is_tested_with_locked_versions(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", MONOREPO), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    names = ("test_across_packages", "test_version", "test_coverage_is_off")
    assert run.verdicts() == {f"app/tests/test_app.py::{name}": "passed" for name in names}
    alone = await toolchain.test(workspace, ["app/tests/test_app.py::test_version"])
    assert (alone.complete, list(alone.verdicts())) == (True, ["app/tests/test_app.py::test_version"])


async def test_a_lock_that_cannot_be_had_does_not_stop_the_install(tmp_path: Path) -> None:
    lock = '[[package]]\nname = "iniconfig"\nversion = "0.0.99"\n'
    files = {"pyproject.toml": package("sample", 'dependencies = ["iniconfig"]'), "sample.py": "", "poetry.lock": lock}
    files["tests/test_a.py"] = "import iniconfig, sample, pytest\ndef test_a(): pass\n"
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    ran = await toolchain.install(workspace)
    assert commands.CONSTRAINTS not in str(ran[-1].argv)
    assert (await toolchain.test(workspace)).verdicts() == {"tests/test_a.py::test_a": "passed"}


DOCTESTED = {
    "calc.py": 'def add(a, b):\n    """\n    >>> add(1, 1)\n    2\n    """\n    return a + b\n\n'
    'def wrong():\n    """\n    >>> wrong()\n    1\n    """\n',
    "tests/calc_tests.py": """
import calc, doctest, unittest
class Add(unittest.TestCase):
    def test_add(self):
        self.assertEqual(calc.add(1, 2), 3)
class Left(unittest.TestCase):
    def test_left_out(self):
        pass
def load_tests(loader, tests, pattern):
    kept = loader.loadTestsFromTestCase(Add)
    kept.addTests(doctest.DocTestSuite(calc))
    return kept
""",
}


async def test_unittest_cases_made_while_loading_can_be_run_alone(tmp_path: Path) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", DOCTESTED), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings(registries=["registry.invalid"]))
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    file = "tests/calc_tests.py"
    expected = {"Add::test_add": "passed", "calc.add": "passed", "calc.wrong": "failed"}
    assert run.verdicts() == {f"{file}::{name}": verdict for name, verdict in expected.items()}
    for name, verdict in {**expected, "Left::test_left_out": "passed"}.items():
        alone = await toolchain.test(workspace, [f"{file}::{name}"])
        assert alone.verdicts() == {f"{file}::{name}": verdict}
    gone = await toolchain.test(workspace, [f"{file}::Add::test_gone"])
    assert [(case.verdict, case.phase) for case in gone.cases] == [("error", "collect")]
    assert gone.complete


DJANGO_LIKE = {
    "app/__init__.py": "",
    "app/views.py": "import iniconfig\ndef home(): return 'hello'\n",
    "worker/__init__.py": "",
    "tests/test_app.py": "import pytest\nfrom app.views import home\ndef test_home(): assert home() == 'hello'\n",
}
POETRY = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'


@pytest.mark.parametrize(
    ("files", "failed"),
    [
        # nothing but what it needs
        ({"Pipfile": "[packages]\niniconfig = '*'\n"}, []),
        # said aloud by Poetry and by uv
        ({"pyproject.toml": f"{POETRY}[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = '^3'\n"
                            "iniconfig = '*'\n"}, []),
        ({"pyproject.toml": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n[project]\n'
                            'name = "x"\nversion = "1"\ndependencies = ["iniconfig"]\n[tool.uv]\npackage = false\n'},
         []),
        # nothing to ship: two packages side by side, as setuptools refuses them
        ({"setup.py": "from setuptools import setup\nsetup(name='x', version='1', install_requires=['iniconfig'])\n"},
         ["python -m pip install"]),
    ],
)  # fmt: skip
async def test_an_application_that_cannot_be_built_is_tested_from_the_tree(
    tmp_path: Path, files: dict[str, str], failed: list[str]
) -> None:
    workspace = Workspace(tree=write(tmp_path / "tree", DJANGO_LIKE | files), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    ran = await toolchain.install(workspace)
    # what failed on the way stays in the evidence
    assert [result.argv[0][:21] for result in ran if not result.ok] == failed
    assert (await toolchain.test(workspace)).verdicts() == {"tests/test_app.py::test_home": "passed"}


async def test_one_requirement_that_cannot_be_had_does_not_keep_the_package_away(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": package("sample", 'dependencies = ["iniconfig"]\n'),
        "sample.py": "import iniconfig\n",
        "requirements-dev.txt": "iniconfig\nno-such-package-of-anyone==9.9\n",
        "tests/test_a.py": "import sample, pytest\ndef test_a(): pass\n",
    }
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    ran = await toolchain.install(workspace)
    assert "no-such-package-of-anyone" in next(result for result in ran if not result.ok).output
    assert (await toolchain.test(workspace)).verdicts() == {"tests/test_a.py::test_a": "passed"}


@pytest.mark.parametrize(
    "files",
    [
        {"requirements-dev.txt": "-r more/a.txt\nidna==0.0.1\n", "more/a.txt": "-r b.txt", "more/b.txt": "idna>=3\n"},
        {"pyproject.toml": package("sample", 'dependencies = ["idna", "no-such-package-of-anyone==9.9"]\n')},
    ],
)  # fmt: skip
async def test_one_requirement_that_cannot_be_had_leaves_the_others(tmp_path: Path, files: dict[str, str]) -> None:
    own = {"sample.py": "", "pyproject.toml": package("sample"), "tests/test_a.py": "import idna\ndef test_a(): pass\n"}
    workspace = Workspace(tree=write(tmp_path / "tree", own | files), env=tmp_path / "env")
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
    ran = await toolchain.install(workspace)
    assert not all(result.ok for result in ran), "what could not be had is told"
    assert (await toolchain.test(workspace)).verdicts() == {"tests/test_a.py::test_a": "passed"}


async def test_a_missing_submodule_is_named(tmp_path: Path) -> None:
    modules = '[submodule "ours"] path = vendor/ours\n\turl = https://host/ours\n[submodule "here"]\n\tpath = here\n'
    modules += '[submodule "c"]\n\tpath = "c#; x" # why\n[submodule "Plan b"]\n\tpath=Plan b ; why\n'
    files = {
        ".gitmodules": modules,
        "here/file": "",
        "c#; x/file": "",
        "Plan b/file": "",
        "tests/test_a.py": "import sys\nsys.path.insert(0, 'vendor/ours')\nimport ours, unittest\n",
    }
    workspace = Workspace(tree=write(tmp_path / "tree", files), env=tmp_path / "env")
    (workspace.tree / "vendor/ours").mkdir(parents=True)
    toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings(registries=["registry.invalid"]))
    await toolchain.install(workspace)
    run = await toolchain.test(workspace)
    assert run.unloaded == ("tests/test_a.py",)
    assert run.notes == ("The git submodule `vendor/ours` is missing here: submodules are not fetched.",)
    # and where the install needs it
    needing = make_toolchain(bubblewrap(), Checks(setup="cat vendor/ours/VERSION"), workspace.tree, Settings())
    with pytest.raises(ToolchainError, match="submodule `vendor/ours` is missing"):
        await needing.install(workspace)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (
            {"requirements-dev.txt": "-e git+https://e.example/y\nattrs==0.1  # old\nidna>2;python_version>'3'\n"},
            "attrs==0.1 idna>2;python_version>'3'",
        ),
        (
            {"pyproject.toml": package("x") + 'dependencies = ["attrs==0.0.1", "y @ git+https://e.example/y"]\n'},
            "attrs==0.0.1 y @ git+https://e.example/y",
        ),
        (
            {
                "pyproject.toml": package("x")
                + '[dependency-groups]\ntest = ["attrs[x] == 0.0.1", "y@file:///y", "./z"]\n'
            },
            "attrs[x] == 0.0.1 y@file:///y",
        ),
        (
            {
                "pyproject.toml": package("x")
                + '[project.optional-dependencies]\ntest = ["attrs~=0.1", "y @ file:///y"]\n'
            },
            "attrs~=0.1 y @ file:///y",
        ),
    ],
)
def test_at_last_every_requirement_is_tried_by_itself(tmp_path: Path, files: dict[str, str], wanted: str) -> None:
    *_, last = installation.plan_attempts(write(tmp_path, files))
    assert " ".join(last.optional) == wanted
    assert (last.requirements, last.groups, last.installable) == ((), (), False)
