"""New files that would hide a module: an installed one, Python's own, another test's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.python.shadows import find_conflict
from bot.toolchains.python.toolchain import make_toolchain
from tests.toolchains.conftest import write


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("pytest.py", "an installed one"), ("src/pluggy/__init__.py", "an installed one"),
        ("py.cpython-311-x86_64-linux-gnu.so", "an installed one"), ("json.py", "Python's own"),
        ("lib/json/__init__.py", "Python's own"), ("src/json.pyc", "Python's own"),
        ("sitecustomize/__init__.py", "starts with"), ("forgehand_records.py", "starts with"),
        ("queue.py", None), ("src/packaging/new.py", None), ("src/packaging/json.py", None), ("pkg/json.py", None),
        ("json/data.json", None), ("docs/conf.py", None), ("*.py", None), ("", None), ("src", None),
    ],
)  # fmt: skip
def test_a_new_file_shadows_nothing(tmp_path: Path, path: str, reason: str | None) -> None:
    names = ("pytest/__init__.py", "pluggy/__init__.py", "py.py", "packaging/__init__.py")
    env = write(tmp_path / "env", {f"lib/python3.11/site-packages/{name}": "" for name in names})
    tree = write(tmp_path / "tree", {"queue.py": "", "src/packaging/__init__.py": "", "src/pkg/__init__.py": ""})
    found = find_conflict(path, tree, env)
    assert found is None if reason is None else found is not None and reason in found


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("tests/new/test_calc.py", "as `tests/old/test_calc.py` is"),
        ("tests/new/test_other.py", None),
        ("tests/old/test_calc.py", None),
        # told apart by their packages
        ("tests/pkg/test_calc.py", None),
        ("tests/pkg/test_inner.py", "as `tests/again/pkg/test_inner.py` is"),
        # a helper of the proof beside the product's module, and one named like Python's own
        ("tests/new/calc.py", "as `calc.py` is"),
        ("tests/new/json.py", "Python's own"),
        ("tests/new/conftest.py", None),
        ("tests/new/data.json", None),
        ("src/calc.py", None),
    ],
)
def test_a_new_test_has_a_name_of_its_own(tmp_path: Path, path: str, reason: str | None) -> None:
    files = ("calc.py", "tests/old/test_calc.py", "tests/pkg/__init__.py", "tests/again/pkg/__init__.py")
    more = ("tests/again/pkg/test_inner.py", "tests/old/conftest.py", "tests/old/data.json", ".venv/test_other.py")
    tree = write(tmp_path / "tree", dict.fromkeys((*files, *more), ""))
    toolchain = make_toolchain(NoSandbox(), Checks(), tree, Settings())
    found = toolchain.shadows(path, tmp_path / "env")
    assert found is None if reason is None else found is not None and reason in found
    write(tree, {"pytest.ini": "[pytest]\naddopts = -q --import-mode importlib\n"})
    if reason != "Python's own":
        assert make_toolchain(NoSandbox(), Checks(), tree, Settings()).shadows(path, tmp_path / "env") is None
