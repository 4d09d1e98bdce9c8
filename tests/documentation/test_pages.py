"""Diagrams and signatures are made by code, from code."""

from __future__ import annotations

from bot.documentation.codebase import Codebase
from bot.documentation.diagrams import draw_imports
from bot.documentation.signatures import list_signatures
from tests.documentation.snapshots import of

CODE = Codebase(
    of(
        {
            "src/shop/__init__.py": "from shop.cart import Cart\n",
            "src/shop/cart.py": (
                "from . import prices\nimport decimal\n"
                "class Cart:\n    def __init__(self, size=1, /, *items, key=None, **more): ...\n"
                "    def add(self, item, *, count): ...\n    @property\n    def full(self): ...\n"
                "    def _hide(self): ...\n"
            ),
            "src/shop/prices.py": "__all__ = ['total']\ndef total(cart): ...\ndef helper(): ...\n",
        }
    )
)


def test_imports_are_drawn() -> None:
    assert draw_imports(CODE, "shop") == (
        'flowchart LR\n    m0["shop"]\n    m1["shop.cart"]\n    m2["shop.prices"]\n    m0 --> m1\n    m1 --> m2'
    )


def test_large_packages_are_drawn_by_their_folders() -> None:
    files = {f"big/{folder}/m{number}.py": "" for folder in "ab" for number in range(20)}
    inits = {"big/__init__.py": "", "big/a/__init__.py": "import big.b.m1\n", "big/b/__init__.py": ""}
    drawn = draw_imports(Codebase(of({**files, **inits})), "big")
    assert drawn == 'flowchart LR\n    m0["big"]\n    m1["big.a"]\n    m2["big.b"]\n    m1 --> m2'


def test_public_signatures_are_listed() -> None:
    assert list_signatures(CODE, "shop") == (
        "shop.cart.Cart(size=1, /, *items, key=None, **more)",
        "shop.cart.Cart.add(item, *, count)",
        "shop.cart.Cart.full",
        "shop.prices.total(cart)",
    )
