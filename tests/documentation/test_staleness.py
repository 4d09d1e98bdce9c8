"""A change is told which passages it made false, and nothing else."""

from __future__ import annotations

from textwrap import dedent

import pytest

from bot.documentation.staleness import stale_passages
from tests.documentation.snapshots import of

BASE = {
    "shop/__init__.py": 'from shop.cart import Cart, total\n\n__all__ = ["Cart", "total"]\n',
    "shop/cart.py": dedent(
        '''
        """Carts."""
        import os

        LIMIT = os.environ.get("SHOP_CART_LIMIT", "9")


        class Cart:
            """A cart."""

            def add_item(self, name, count=1):
                """Add an item.

                :param name: what it is called.
                :param count: how many.
                """

            def run(self):
                """Run."""


        class Till:
            """A till."""

            def run(self):
                """Run."""


        def total(cart, currency="EUR"):
            """Sum up with `currency`."""
        '''
    ),
    "shop/cli.py": 'import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument("--dry-run")\n',
    "shop/web.py": 'def routes(app):\n    app.route("/carts/{id}")(None)\n',
    "docs/guide.md": "# Adding items\n\nSee below.\n",
}
RUN_OF_CART = '    def run(self):\n        """Run."""\n\n\nclass T'


def change(page: str, path: str, old: str, new: str, *, name: str = "docs/usage.md") -> list[str]:
    """Return the reasons for a page after ``old`` became ``new`` in one file."""
    base = {**BASE, name: dedent(page)}
    assert old in base[path]
    head = {**base, path: base[path].replace(old, new)}
    return [reason for one in stale_passages(of(base), of(head)) for reason in one.reasons if one.path == name]


@pytest.mark.parametrize(
    ("page", "path", "old", "new"),
    [
        ("Call `add_item` twice.", "shop/cart.py", "add_item", "put"),
        ("Call `Cart.add_item()` twice.", "shop/cart.py", "add_item", "put"),
        ("Call add_item() twice.", "shop/cart.py", "add_item", "put"),
        ("Use `shop.total`.", "shop/__init__.py", "total", "sum_up"),
        ("Use `total(cart, currency='EUR')`.", "shop/cart.py", "currency", "unit"),
        ("Pass `--dry-run`.", "shop/cli.py", "--dry-run", "--pretend"),
        ("```console\n$ shop --dry-run\n```\n", "shop/cli.py", "--dry-run", "--pretend"),
        ("Set `SHOP_CART_LIMIT`.", "shop/cart.py", "SHOP_CART_LIMIT", "SHOP_LIMIT"),
        ("`GET /carts/{id}` returns it.", "shop/web.py", "/carts/{id}", "/cart/{id}"),
        ("See [there](guide.md#adding-items).", "docs/guide.md", "Adding items", "Add items"),
        ("- one\n- ```python\n  from shop.cart import total\n  ```\n", "shop/cart.py", "def total", "def sum_up"),
        (
            "## Cart\n\nStart it with `run`.\n",
            "shop/cart.py",
            RUN_OF_CART,
            "class T",
        ),
    ],
)
def test_a_passage_that_names_what_is_gone_is_found(page: str, path: str, old: str, new: str) -> None:
    assert change(page, path, old, new)


@pytest.mark.parametrize(
    ("page", "name"),
    [
        (
            "Pass\n``--dry-run`` or call :meth:`add_item`.\n\n.. function:: total(cart, currency='EUR')\n",
            "docs/use.rst",
        ),
        ("* item\n\n  >>> from shop.cart import total\n  >>> total(None, currency='EUR')\n", "README.rst"),
        ("Call shop.cart.total for it.\n", "README.txt"),
        ("== Use\n\nCall `add_item`.\n", "README.adoc"),
    ],
)
def test_every_format_is_read(page: str, name: str) -> None:
    base = {**BASE, name: page}
    code = base["shop/cart.py"].replace("add_item", "put").replace("total", "sum_up")
    found = stale_passages(of(base), of({**base, "shop/cart.py": code}))
    assert [one for one in found if one.path == name]


@pytest.mark.parametrize(
    ("page", "path", "old", "new"),
    [
        # moved, and still to be had under the name of the page
        ("Use `shop.Cart`.", "shop/cart.py", "LIMIT =", "MOST ="),
        # said of the past
        ("`total` was renamed, it was called so before.", "shop/cart.py", "def total", "def sum_up"),
        # another has the name, and the passage is not about this one
        ("A `Till` has `run`.", "shop/cart.py", RUN_OF_CART, "class T"),
        # a word of English, and a variable of the example
        ("The total is shown.", "shop/cart.py", "def total", "def sum_up"),
        ("```python\ntotal = 3\nprint(total)\n```\n", "shop/cart.py", "def total", "def sum_up"),
        # another project's
        ("`decimal.total` is not ours.", "shop/cart.py", "def total", "def sum_up"),
        # a new parameter with a default makes nothing false
        ("Use `total(cart, currency='EUR')`.", "shop/cart.py", 'currency="EUR"', 'currency="EUR", exact=False'),
        # may not be known: it does not parse any more
        ("Call `add_item`.", "shop/cart.py", "def run(self):", "def run(self: (:"),
        # still looked up by its name
        ("Call `total`.", "shop/cart.py", "def total(cart", 'NAMES = {"total": 1}\ndef sum_up(cart'),
    ],
)
def test_what_still_holds_is_not_told(page: str, path: str, old: str, new: str) -> None:
    assert change(page, path, old, new) == []


def test_a_docstring_with_the_parameter_that_was_renamed_is_found() -> None:
    head = {**BASE, "shop/cart.py": BASE["shop/cart.py"].replace("count=1", "number=1")}
    (found,) = stale_passages(of(BASE), of(head))
    assert found.path == "shop/cart.py"
    assert "`count` is documented and is no parameter of `shop.cart.Cart.add_item`" in found.reasons


def test_change_logs_are_left_alone() -> None:
    assert change("Added `total`.", "shop/cart.py", "def total", "def sum_up", name="CHANGELOG.md") == []


def test_the_same_commit_has_nothing_stale() -> None:
    assert stale_passages(of(BASE), of(BASE)) == ()
