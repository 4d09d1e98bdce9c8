"""A rename over a whole repository, and the proof that nothing of it was left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.codemod.proof import prove
from bot.codemod.rename import Codemod
from bot.codemod.target import CannotRename, Rename
from tests.codemod.trap import FILES

TOTAL = Rename(old="shop.cart.total", new="shop.cart.sum_up")


def renamed(files: dict[str, str], wanted: Rename) -> dict[str, str]:
    changes = Codemod(files, wanted).changes()
    assert prove(files, changes, wanted) == []
    return {path: text for path, text in {**files, **changes.files}.items() if text is not None}


def run_tests(folder: Path, files: dict[str, str]) -> str:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir=.",
        "tests",
    ]
    done = subprocess.run(command, cwd=folder, env={"PYTHONPATH": ".", "PATH": ""}, capture_output=True, text=True)
    return done.stdout


def test_a_symbol_is_renamed_past_every_trap(tmp_path: Path) -> None:
    assert "6 passed" in run_tests(tmp_path / "before", FILES)
    after = renamed(FILES, TOTAL)
    assert "6 passed" in run_tests(tmp_path / "after", after)
    assert 'PRICES = {"total": 1, "shop.cart.total": 2}' in after["shop/cart.py"]
    assert "def twice(cart, *, total=2)" in after["shop/cart.py"]
    assert after["CHANGELOG.md"] == FILES["CHANGELOG.md"]
    assert 'total = "kept"' in after["pyproject.toml"]
    assert 'function: "sum_up") -> sum_up | None' in after["shop/alias.py"]
    assert "Call `shop.sum_up` on a cart" in after["README.md"]


def test_a_module_is_renamed_past_every_trap(tmp_path: Path) -> None:
    after = renamed(FILES, Rename(old="shop.cart", new="shop.basket"))
    assert "shop/cart.py" not in after
    assert "6 passed" in run_tests(tmp_path, after)
    assert '"shop.cart.total": 2' in after["shop/basket.py"]
    assert "from .basket import total as add_up" in after["shop/alias.py"]


def test_a_package_moves_with_its_relative_imports(tmp_path: Path) -> None:
    files = {
        "src/app/__init__.py": "from .old.deep import one\nimport app.old.deep as d\n",
        "src/app/new/__init__.py": "",
        "src/app/old/__init__.py": "from ..tools import two\nfrom . import deep\n",
        "src/app/old/deep.py": "from ..tools import two\nfrom .. import tools\nfrom . import deep as me\none = two\n",
        "src/app/tools.py": "two = 2\n",
        "tests/test_app.py": "import app.old.deep\n\ndef test_it():\n    assert app.old.deep.one == 2\n",
        "docs/index.md": "See `app.old.deep` in src/app/old/deep.py.\n",
    }
    after = renamed(files, Rename(old="app.old", new="app.new.kept"))
    assert after["src/app/__init__.py"] == "from .new.kept.deep import one\nimport app.new.kept.deep as d\n"
    assert after["src/app/new/kept/deep.py"].startswith(
        "from app.tools import two\nfrom app import tools\nfrom . import"
    )
    assert after["docs/index.md"] == "See `app.new.kept.deep` in src/app/new/kept/deep.py.\n"
    after = {path.removeprefix("src/"): text for path, text in after.items()}
    assert "1 passed" in run_tests(tmp_path, after)


def test_a_page_of_documentation_moves_with_its_module() -> None:
    pages = {"docs/shop.cart.rst": ".. automodule:: shop.cart\n", "docs/api.rst": ".. toctree::\n\n   shop.cart\n"}
    after = renamed({**FILES, **pages}, Rename(old="shop.cart", new="shop.basket"))
    assert after["docs/shop.basket.rst"] == ".. automodule:: shop.basket\n"
    assert after["docs/api.rst"] == ".. toctree::\n\n   shop.basket\n"
    assert "docs/shop.cart.rst" not in after


def test_names_inside_of_formatted_strings_are_renamed() -> None:
    text = 'def total(x): ...\nprint(f\'é {total(1)!r:>{total(2)}} {{total}}\', f"""\n {total(3)}""" f\'{total(4)}\')\n'
    after = renamed({"shop/__init__.py": "", "shop/cart.py": text}, TOTAL)["shop/cart.py"]
    assert after == text.replace("total(", "sum_up(")


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Rename(old="shop.cart.gone", new="shop.cart.x"), "No module, function, class or variable"),
        (Rename(old="shop.total", new="shop.sum_up"), "is imported from `shop.cart.total`"),
        (Rename(old="shop.cart.total", new="shop.cart.twice"), "is taken"),
        (Rename(old="shop.cart.total", new="shop.cart.price"), "already means something in shop/alias.py"),
        (Rename(old="shop.cart", new="shop.none.cart"), "no package `shop.none`"),
        (Rename(old="shop.cart", new="not a name"), "is not another dotted name"),
    ],
)
def test_what_would_be_wrong_is_refused(wanted: Rename, why: str) -> None:
    with pytest.raises(CannotRename, match=why):
        Codemod(FILES, wanted).changes()


def test_a_file_that_is_nested_too_deeply_is_refused() -> None:
    deep = "from shop.cart import total\nLONG = " + " + ".join(["total"] * 2_000)
    with pytest.raises(CannotRename, match="nests expressions too deeply"):
        Codemod({**FILES, "shop/deep.py": deep}, TOTAL).changes()


def test_a_package_with_other_files_than_texts_is_refused() -> None:
    with pytest.raises(CannotRename, match="is not text and would have to move"):
        Codemod(FILES, Rename(old="shop", new="store"), ["shop/logo.png"])


@pytest.mark.parametrize(
    ("path", "old", "new", "fault"),
    [
        ("shop/__init__.py", '"sum_up"', '"total"', "shop.total does not resolve"),
        (
            "shop/alias.py",
            "from .cart import sum_up as",
            "from .cart import total as",
            "shop.cart.total does not resolve",
        ),
        ("shop/alias.py", "def local(cart):", "def local(cart:", "shop/alias.py does not parse"),
        ("shop/cart.py", "class Basket", "total = sum_up\n\n\nclass Basket", "shop.cart.total still means something"),
        ("README.md", "shop.sum_up", "shop.total", "README.md still mentions"),
    ],
)
def test_what_a_rename_left_behind_is_told(path: str, old: str, new: str, fault: str) -> None:
    changes = Codemod(FILES, TOTAL).changes()
    text = changes.files[path]
    assert text is not None
    assert old in text
    damaged = changes.model_copy(update={"files": {**changes.files, path: text.replace(old, new, 1)}})
    assert any(fault in said for said in prove(FILES, damaged, TOTAL))
