"""What of a package's API a change changes, and what is none of it."""

from __future__ import annotations

import pytest

from bench.api_plants import PACKAGE, PLANTS, PURE, Plant, plant
from bot.surface.comparison import compare
from bot.surface.levels import Level

UNSEEN = {"name made at import time removed"}


@pytest.mark.parametrize("edit", [edit for edit in PLANTS if edit.kind not in UNSEEN], ids=lambda edit: edit.kind)
def test_a_planted_change_is_found(edit: Plant) -> None:
    found = [change for change in compare(PACKAGE, plant(edit)).changes if change.level is not Level.PRIVATE]
    assert found, edit.kind


@pytest.mark.parametrize("edit", PURE, ids=lambda edit: edit.kind)
def test_a_pure_edit_is_no_change(edit: Plant) -> None:
    changes = compare(PACKAGE, plant(edit)).changes
    assert [str(change) for change in changes if change.level is not Level.PRIVATE and change.fact != "added"] == []


def levels(files: dict[str, str]) -> dict[str, str]:
    """The level of each name that is gone when everything but the root is emptied."""
    emptied = dict.fromkeys(files, "")
    return {change.name: change.level.value for change in compare(files, emptied).changes}


def test_levels_come_from_exports_roots_and_documents() -> None:
    found = levels(
        {
            "docs/api.rst": ".. autofunction:: tool.inner.told\n\nUse ``quoted()``.",
            "docs/all.rst": ".. automodule:: tool.whole\n   :members:\n",
            "src/tool/__init__.py": "from tool._impl import shown\ndef own(): ...\n",
            "src/tool/_impl.py": "def shown(): ...\ndef hidden(): ...\n",
            "src/tool/inner.py": "def told(): ...\ndef quoted(): ...\ndef untold(): ...\ndef _kept(): ...\n",
            "src/tool/listed.py": "__all__ = ['one']\ndef one(): ...\ndef two(): ...\n",
            "src/tool/whole.py": "class Every:\n    def method(self): ...\n    def _own(self): ...\n",
            "tests/test_tool.py": "def test_it(): ...\n",
        }
    )
    assert found == {
        "tool.shown": "documented",
        "tool.own": "documented",
        "tool.inner.told": "documented",
        "tool.inner.quoted": "documented",
        "tool.listed.one": "documented",
        "tool.whole.Every": "documented",
        "tool.whole.Every.method": "documented",
        "tool.inner.untold": "internal",
        "tool.listed.two": "internal",
        "tool._impl.shown": "private",
        "tool._impl.hidden": "private",
        "tool.inner._kept": "private",
        "tool.whole.Every._own": "private",
    }


def test_a_change_cannot_lower_the_level_of_what_it_changes() -> None:
    before = {"tool/__init__.py": "__all__ = ['one']\nfrom tool.a import one", "tool/a.py": "def one(x=1): ..."}
    after = {"tool/__init__.py": "__all__ = []\nfrom tool.a import one", "tool/a.py": "def one(x=2): ..."}
    changes = compare(before, after).at(Level.DOCUMENTED)
    assert {change.fact for change in changes} == {"exported by *", "default of x"}


def test_a_star_import_is_followed_as_python_follows_it() -> None:
    before = {
        "tool/__init__.py": "from .a import *\nfrom .b import *\n",
        "tool/a.py": "__all__ = ['one']\n__all__ += ['two']\ndef one(): ...\ndef two(): ...\ndef three(): ...\n",
        "tool/b.py": "from . import a\n__all__ = a.__all__ + ['four']\nfrom .a import *\ndef four(): ...\n",
    }
    after = {**before, "tool/a.py": "__all__ = ['one']\ndef one(): ...\n", "tool/b.py": "__all__ = []\n"}
    gone = {change.name for change in compare(before, after).changes if change.fact == "removed"}
    assert {"tool.two", "tool.four"} <= gone
    assert "tool.three" not in gone, "no star brings it"


def test_imports_bases_and_exports_that_go_in_circles_end() -> None:
    files = {
        "tool/__init__.py": "from tool.a import *\nfrom tool.a import x as y\n",
        "tool/a.py": "from tool import *\nfrom tool import y as x\nimport tool.a as me\n__all__ = me.__all__ + ['x']\n"
        "class A(B): ...\nclass B(A): ...\nC = D\nD = C\n",
    }
    assert compare(files, {**files, "tool/b.py": ""}).at(Level.DOCUMENTED) == ()


def test_each_of_two_definitions_of_a_name_counts() -> None:
    before = "try:\n    from json import load\nexcept ImportError:\n    class load(dict, list): limit = 1\n"
    before += "if 1:\n    class Store(dict): ...\nelse:\n    class Store(dict, list): ...\n"
    after = before.replace("class Store(dict, list)", "class Store(list)")
    found = compare({"tool/__init__.py": before}, {"tool/__init__.py": after}).changes
    assert [str(change) for change in found] == ["tool.Store: bases: dict or dict, list -> dict or list"]


def test_a_file_that_cannot_be_parsed_is_named_not_taken_for_empty() -> None:
    found = compare({"tool/__init__.py": "def one(): ..."}, {"tool/__init__.py": "def one(: ..."})
    assert found.unread == ("tool/__init__.py",)


def test_a_long_sum_is_compared_by_its_size() -> None:
    before = {"tool/__init__.py": "LONG = " + " + ".join(["x"] * 2_000)}
    after = {"tool/__init__.py": "LONG = " + " + ".join(["x"] * 2_001)}
    assert compare(before, before).changes == ()
    assert [change.fact for change in compare(before, after).changes] == ["value"]


def test_nesting_that_exhausts_the_parser_is_unread() -> None:
    deep = "x = " + "(" * 5_000 + ")" * 5_000
    assert compare({"tool/__init__.py": deep}, {"tool/__init__.py": deep}).unread == ("tool/__init__.py",)
