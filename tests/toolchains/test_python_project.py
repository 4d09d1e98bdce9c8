"""What the files of a Python project say: how it is installed, and with which runner it is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.toolchains.placeholders import fill_placeholders
from bot.toolchains.python import commands, requirements
from bot.toolchains.python.project import Project, detect
from tests.toolchains.conftest import write


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Project()),
        ({"requirements.txt": "x", "dev-requirements.txt": "y"},
         Project(requirements=("requirements.txt", "dev-requirements.txt"))),
        ({"setup.py": "setup(python_requires='>=3.7', classifiers=['Programming Language :: Python :: 3.8'])"},
         Project(installable=True, requires_python=">=3.7", pythons=("3.8",))),
        ({"setup.cfg": "[metadata]\nname=x\n[options]\npython_requires = >=3.6\n"
                       "[options.extras_require]\ntesting =\n  a\ndocs = b", "requirements.txt": "x"},
         Project(installable=True, requires_python=">=3.6", extras=("testing",))),
        ({"pyproject.toml": "[build-system]\nrequires=[]\n[dependency-groups]\ndev=['a']\ntest=['b']\n"
                            "[project.optional-dependencies]\ndev=['c']", ".python-version": "3.9.1\n"},
         Project(installable=True, pythons=("3.9",), extras=("dev",), groups=("test",))),
        ({"pyproject.toml": "[project]\nname='x'\ndependencies=['a>1', '--index-url=http://evil']\n"
                            "[project.optional-dependencies]\ntest=['b']"},
         Project(packages=("a>1", "b"), extras=("test",))),
        ({"pyproject.toml": "[build-system]\nrequires=['poetry-core']\n"
                            "[tool.poetry.group.test.dependencies]\nhttpx='^1'\n"},
         Project(installable=True, packages=("httpx",))),
        ({"tox.ini": "[testenv]\ndeps =\n    mock>=2\n    -r req.txt\n    py27: enum34\n    six # old\n"},
         Project(packages=("mock>=2", "six"))),
        ({"pyproject.toml": "not [ toml", "setup.cfg": "also not", "tox.ini": "["}, Project()),
        ({"tests/test_a.py": "import unittest"}, Project(unittest=True)),
        ({"tests/test_a.py": "import unittest", "tests/test_b.py": "import pytest"}, Project()),
        ({"tests/test_a.py": "import unittest", "pytest.ini": ""}, Project()),
        ({"tests/test_a.py": "import unittest", ".github/workflows/ci.yml": "run: python -m pytest"}, Project()),
    ],
)  # fmt: skip
def test_detection(tmp_path: Path, files: dict[str, str], expected: Project) -> None:
    assert detect(write(tmp_path, files)) == expected


def test_install_is_one_resolution_and_pytest_comes_with_it() -> None:
    project = Project(installable=True, extras=("test",), groups=("lint",), requirements=("requirements-test.txt",))
    (with_uv,) = commands.install(project, pip=None)
    assert with_uv[-5:] == ["--requirement=requirements-test.txt", "--group=lint", "--editable", ".[test]", "pytest"]
    assert fill_placeholders("pytest {tests}", []) == "pytest"


def test_requirement_files_are_read_once_and_only_inside_the_tree(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("token\n")
    named = f"-r ../../secret.txt\n-r {tmp_path}/secret.txt\n-r a\0b\n-r more/b.txt\n"
    files = {"dev/a.txt": f"one  # 1\n{named}", "dev/more/b.txt": "-r ../a.txt\ntwo\n" * 3, "dev/..c.txt": "three"}
    tree = write(tmp_path / "tree", files | {"all.txt": "-r dev/a.txt\n--requirement dev/..c.txt\n" * 100})
    assert sorted(requirements.read_file(tree, "all.txt")) == ["one", "three", "two", "two", "two"]


def test_groups_are_read_for_a_pip_that_knows_none() -> None:
    groups = {
        "Test_All": [{"include-group": "lint.x"}, "a>1", "-r b", "./c", 7, {"include-group": "none"}],
        "lint-x": ["ruff", {"include-group": "test-all"}],
        "odd": "text",
    }
    read = {name: requirements.read_group({"dependency-groups": groups}, name) for name in ("test-all", "odd", "none")}
    assert read == {"test-all": ["a>1", "ruff"], "odd": [], "none": []}
    assert commands.install(Project(packages=("a>1",)), ["pip"]) == [
        ["pip", "install", "--quiet", "--disable-pip-version-check", "a>1", "pytest"]
    ]
