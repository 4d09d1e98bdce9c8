"""What one commit's passages tell is held against its code, without history."""

from __future__ import annotations

import pytest

from bot.documentation.codebase import Codebase
from bot.documentation.defects import Facts
from tests.documentation.snapshots import of

CODE = {
    "pyproject.toml": '[project]\nname = "shop"\n[project.scripts]\nshop = "shop.cli:main"\n',
    "shop/__init__.py": "from shop.cart import Cart\n",
    "shop/cart.py": (
        'import os\nLIMIT = os.environ["SHOP_LIMIT"]\nROOM = os.environ["SHOP_ROOM"]\n'
        "class Cart:\n    def __init__(self, size=1): ...\n"
    ),
    "shop/cli.py": 'import argparse\nargparse.ArgumentParser().add_argument("--dry-run")\n',
    "docs/other.md": "# Here\n",
}


def defects(page: str, name: str = "docs/use.md") -> list[str]:
    facts = Facts(Codebase(of({**CODE, name: page})))
    return [one.text for one in facts.find_defects([name])]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("Use `shop.Basket`.", "`shop.Basket` does not exist"),
        ("```python\nfrom shop import Basket\n```", "`shop.Basket` does not exist"),
        ("`Cart(length=2)`", "`Cart` has no parameter `length`"),
        ("```console\n$ shop --pretend\n```", "no program here has the option `--pretend`"),
        ("Call `shop --pretend`.", "no program here has the option `--pretend`"),
        ("Set `SHOP_SIZE`.", "nothing reads the variable `SHOP_SIZE`"),
        ("[There](gone.md).", "the link `gone.md` leads nowhere"),
        ("[There](other.md#there).", "the link `other.md#there` leads nowhere"),
    ],
)
def test_what_the_code_does_not_have_is_found(page: str, text: str) -> None:
    assert text in defects(page)


@pytest.mark.parametrize(
    "page",
    [
        "Use `shop.Cart` and `shop.cart`.",
        "`Cart(size=2)`, `shop.Cart(size=min(length=1))`",
        "```console\n$ shop --dry-run\n$ pip install --user shop\n```",
        "Set `SHOP_LIMIT`, `HOME_DIR`.",
        "[Here](other.md#here), [far](https://example.com/x), [root](/api), <a id='own'></a>[own](#own).",
        "An `Order` of `requests.get`.",
    ],
)
def test_what_holds_or_is_not_known_is_not_told(page: str) -> None:
    assert defects(page) == []


def test_a_line_of_the_page_is_named() -> None:
    facts = Facts(Codebase(of({**CODE, "README.md": "# Shop\n\nOne.\n\nTwo\nof `shop.Basket`.\n"})))
    (found,) = facts.find_defects(["README.md"])
    assert (found.path, found.line, found.subject) == ("README.md", 6, "shop.Basket")
