"""What tests are wanted for: paths, dotted names, functions, changed lines, what an issue mentions."""

from __future__ import annotations

import pytest

from bot.mutation.records import Scope
from handlers.test.target import find_changed, find_mentioned, find_named, list_modules

FILES = {
    "src/shop/__init__.py": "def open_shop(): pass\n",
    "src/shop/prices.py": "def total(): pass\n\nclass Basket:\n    def add(self): pass\n",
    "tools/run.py": "match x:\n    case 1: pass\n",
}
WHOLE = Scope()


def named(text: str) -> dict[str, Scope] | str:
    found = find_named(text, FILES, FILES.get)
    return found.problem or found.scopes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("src/shop/prices.py", {"src/shop/prices.py": WHOLE}),
        ("./src/shop/prices.py", {"src/shop/prices.py": WHOLE}),
        ("src/shop/prices.py:total", {"src/shop/prices.py": Scope(names=("total",))}),
        ("src/shop/prices.py:Basket.add", {"src/shop/prices.py": Scope(names=("Basket.add",))}),
        ("shop.prices", {"src/shop/prices.py": WHOLE}),
        ("`shop.prices.total`", {"src/shop/prices.py": Scope(names=("total",))}),
        ("shop.prices.Basket.add", {"src/shop/prices.py": Scope(names=("Basket.add",))}),
        ("shop", {"src/shop/__init__.py": WHOLE}),
        ("src/shop", {"src/shop/__init__.py": WHOLE, "src/shop/prices.py": WHOLE}),
        ("tools.run src/shop/prices.py", {"tools/run.py": WHOLE, "src/shop/prices.py": WHOLE}),
    ],
)
def test_a_target_is_found(text: str, expected: dict[str, Scope]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing.at.all", "`nothing.at.all` is no Python file, module or function"),
        ("shop.nothing", "`src/shop/__init__.py` has no function or class `nothing`."),
        ("README.md", "`README.md` is no Python file"),
        ("src/shop/prices.py:nothing", "`src/shop/prices.py` has no function or class `nothing`."),
        ("shop.prices.nothing", "has no function or class `nothing`"),
    ],
)
def test_what_is_not_there_is_told(text: str, said: str) -> None:
    assert said in str(named(text))


def test_an_issue_names_it_in_prose() -> None:
    found = find_mentioned("e.g. `total` of shop.prices.total is wrong, see README.md", FILES, FILES.get)
    assert found.scopes == {"src/shop/prices.py": Scope(names=("total",))}
    assert found.name == "shop.prices.total"


def test_an_issue_that_names_nothing_is_told() -> None:
    assert "names no Python file" in find_mentioned("It is slow.", FILES, FILES.get).problem


def test_the_changed_lines_of_a_pull_request() -> None:
    head = "diff --git a/{0} b/{0}\nindex 1111111..2222222 100644\n--- a/{0}\n+++ b/{0}\n@@ -1,2 +1,3 @@\n"
    product = head.format("src/shop/prices.py") + " def total(): pass\n+x = 1\n \n"
    test = head.format("tests/test_prices.py") + " a\n+x = 1\n b\n"
    found = find_changed(product + test, FILES)
    assert found.scopes == {"src/shop/prices.py": Scope(lines=(2,))}
    assert "no Python code" in find_changed(test, FILES).problem


def test_a_module_has_the_names_it_is_imported_by() -> None:
    assert list_modules(["src/shop/prices.py", "tools/run.py", "src/shop/__init__.py"]) == [
        "src.shop.prices", "shop.prices", "tools.run", "src.shop", "shop",
    ]  # fmt: skip
