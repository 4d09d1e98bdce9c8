"""A repository full of traps for a rename, with the tests that tell whether it still works.

``shop.cart.total`` is renamed: it is re-exported, starred, aliased, imported for types and inside a function, listed in
``__all__``, named in strings that patch it, in ``getattr``, an entry point, a doctest and documents. An attribute, a
local, a keyword and two keys have the same name and mean something else.
"""

FILES = {
    "pyproject.toml": """\
[project]
name = "shop"
[project.scripts]
shop-total = "shop.cart:total"
[tool.shop]
total = "kept"
""",
    "README.md": """\
# Shop

Call `shop.total` on a cart, or `total()` for short.

>>> from shop import total
>>> total([1, 2])
3
""",
    "CHANGELOG.md": "- `shop.total` was added.\n",
    "shop/__init__.py": """\
from shop.cart import total
from shop.star import *

__all__ = ["total", "starred"]
""",
    "shop/cart.py": '''\
"""Carts."""

__all__ = ["total", "Basket"]
PRICES = {"total": 1, "shop.cart.total": 2}


def total(cart):
    """Add up.

    >>> total([1, 2])
    3
    """
    return sum(cart)


def twice(cart, *, total=2):
    return sum(cart) * total


class Basket:
    total = 7

    def sum(self):
        return total([self.total])
''',
    "shop/star.py": """\
from .cart import *


def starred(cart):
    return total(cart)
""",
    "shop/alias.py": """\
from __future__ import annotations
from typing import TYPE_CHECKING
import shop.cart
import shop.cart as c
from .cart import total as add_up

if TYPE_CHECKING:
    from shop.cart import total


def typed(function: "total") -> total | None:
    return function


def inner(cart):
    from shop.cart import total
    return total(cart) + shop.cart.total(cart) + c.total(cart) + add_up(cart)


def local(cart):
    total = 0
    for price in cart:
        total += price
    return {"total": total}


def dynamic(cart):
    return getattr(c, "total")(cart)
""",
    "tests/test_shop.py": """\
import doctest
import tomllib
from importlib import import_module
from pathlib import Path
from unittest import mock

import shop.cart
from shop import alias


def test_entry_point():
    module, name = tomllib.loads(Path("pyproject.toml").read_text())["project"]["scripts"]["shop-total"].split(":")
    assert getattr(import_module(module), name)([1, 2]) == 3


def test_ways_of_importing():
    assert alias.inner([1]) == 4 and alias.dynamic([1, 2]) == 3 and shop.starred([4]) == 4


def test_what_has_the_same_name():
    assert alias.local([1, 2]) == {"total": 3}
    assert shop.cart.twice([1], total=3) == 3
    assert shop.cart.Basket().sum() == 7 and shop.cart.Basket.total == 7
    assert shop.cart.PRICES["total"] == 1 and shop.cart.PRICES["shop.cart.total"] == 2


def test_patched_by_name(monkeypatch):
    with mock.patch("shop.cart.total", lambda cart: 5):
        assert shop.cart.Basket().sum() == 5
    with mock.patch.object(shop.cart, "total", lambda cart: 6):
        assert shop.cart.Basket().sum() == 6
    monkeypatch.setattr("shop.star.total", lambda cart: 8)
    assert shop.starred([1]) == 8


def test_doctests():
    assert doctest.testmod(shop.cart).failed == 0
    assert doctest.testfile("../README.md").failed == 0


def test_exports_exist():
    for module in (shop, shop.cart):
        for name in module.__all__:
            assert hasattr(module, name), name
""",
}
