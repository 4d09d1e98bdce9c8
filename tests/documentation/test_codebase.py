"""Dotted names resolve as an import would, and what cannot be known is not said to be absent."""

from __future__ import annotations

import pytest

from bot.documentation.codebase import Codebase
from tests.documentation.snapshots import of

CODE = Codebase(
    of(
        {
            "src/shop/__init__.py": "from .cart import *\nfrom ._till import Till as Desk\nfrom . import plugins\n",
            "src/shop/cart.py": (
                "from shop.base import Base\nfrom other import Foreign\n"
                "class Cart(Base):\n    size = 1\n    def __init__(self):\n        self.items = []\n"
                "class Odd(Foreign):\n    pass\n"
                "try:\n    import fast\nexcept ImportError:\n    def fallback(): ...\n"
            ),
            "src/shop/base.py": "class Base:\n    def save(self): ...\n",
            "src/shop/_till.py": "class Till:\n    class Drawer:\n        def open(self): ...\n",
            "src/shop/plugins.py": "def __getattr__(name):\n    return name\n",
            "src/shop/modern.py": "def broken(:\n",
            "src/shop/fast.pyi": "class Engine(metaclass=Made):\n    def run(self): ...\nold = Engine\n",
            "src/shop/parts/wheel.py": "class Wheel:\n    def turn(self):\n        with self as self.axle: pass\n",
            "tests/test_cart.py": "def only_in_tests(): ...\n",
        }
    )
)


@pytest.mark.parametrize(
    "name",
    [
        "shop.Cart",
        "shop.cart.Cart.save",
        "shop.Cart.items",
        "shop.Desk.Drawer.open",
        "shop.cart.fallback",
        "shop.base",
        "shop.fast.old.run",
        "shop.parts.wheel.Wheel.axle",
    ],
)
def test_what_can_be_imported_is_found(name: str) -> None:
    assert CODE.resolve(name) == "found"


@pytest.mark.parametrize(
    "name",
    ["shop.Till", "shop.cart.Cart.sold", "shop.nothing", "shop.Desk.Drawer.shut", "shop.parts.wheel.Wheel.spoke"],
)
def test_what_cannot_be_imported_is_absent(name: str) -> None:
    assert CODE.resolve(name) == "absent"


@pytest.mark.parametrize(
    "name",
    [
        "shop.plugins.any",
        "shop.modern.thing",
        "shop.cart.Odd.sold",
        "other.Foreign",
        "shop.cart.Cart.size.x",
        "shop.parts",
        "shop.fast.Engine.stop",
        "shop.cart.Cart.__init__.x",
    ],
)
def test_what_cannot_be_known_is_unknown(name: str) -> None:
    assert CODE.resolve(name) == "unknown"


def test_words_of_a_file_that_does_not_parse_may_be_names() -> None:
    assert CODE.defines("broken")
    assert not CODE.defines("only_in_tests")
