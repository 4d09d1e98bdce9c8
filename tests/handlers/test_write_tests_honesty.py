"""Reading new tests: what lets a test notice a mutant without testing, and what only looks so."""

from __future__ import annotations

import pytest

from handlers.test.honesty import find_cheats, find_copies

MODULES = ["shop.prices"]


@pytest.mark.parametrize(
    "source",
    [
        "import inspect",
        "from importlib import util",
        "import forgehand_swap",
        "from shop.prices import total\ntotal.__code__",
        "getattr(total, '__code__')",
        "import sys\nsys.modules['shop.prices']",
        "import sys\nsys._getframe()",
        "exec('x')",
        "from unittest.mock import patch\npatch('shop.prices.tax')",
        "from unittest.mock import patch\nfrom shop import prices\npatch.object(prices, 'tax')",
        "import shop.prices\ndef test(monkeypatch): monkeypatch.setattr(shop.prices, 'tax', 1)",
        "def test(monkeypatch): monkeypatch.setattr('shop.prices.tax', 1)",
        "from shop import prices\nprices.tax = 3",
        "from shop.prices import Basket\nBasket.total = None",
        "from shop.prices import RATES\nRATES['a'] = 1",
        "import pytest\n@pytest.mark.skip\ndef test(): pass",
        "import pytest\ndef test(): pytest.xfail()",
        "from pytest import mark\n@mark.skip\ndef test(): pass",
        "from unittest import skip\n@skip\ndef test(): pass",
    ],
)
def test_what_is_refused(source: str) -> None:
    assert find_cheats(source, MODULES) != []


@pytest.mark.parametrize(
    "source",
    [
        "import sys, os, pytest\nfrom shop.prices import total\ndef test(): assert total([1]) == 1",
        "from pathlib import Path\nDATA = Path(__file__).parent",
        "def test(monkeypatch): monkeypatch.setattr('time.sleep', print)",
        "def test(monkeypatch): monkeypatch.setenv('A', '1')",
        "from shop.prices import Basket\ndef test():\n    basket = Basket()\n    basket.rate = 2",
        "from shop.prices import RATES\ndef test(): assert dict(RATES.items())",
        "def test(): assert 'system' in 'a system'",
        "from shop.prices import cache\ndef test(): raise cache.skip('a product may have a skip of its own')",
    ],
)
def test_what_is_allowed(source: str) -> None:
    assert find_cheats(source, MODULES) == []


def test_a_line_is_named() -> None:
    assert find_cheats("import os\nimport dis\n", MODULES)[0].told.startswith("line 2: it imports `dis`")


PRODUCT = """
def total(prices, rate):
    found = 0
    for price in prices:
        if price.amount > rate:
            found += price.amount * rate
    return found - rate
"""


def test_a_copy_under_other_names_is_found() -> None:
    copy = PRODUCT.replace("total", "expected").replace("prices", "items").replace("found", "result")
    assert find_copies(copy, {"shop/prices.py": PRODUCT}) == [
        "it repeats `total` of shop/prices.py; write down what is right instead"
    ]


def test_an_expectation_of_its_own_is_no_copy() -> None:
    own = (
        "def test():\n    found = 0\n    for one in [1, 2]:\n        found += one\n    assert total([1, 2]) == found\n"
    )
    assert find_copies(own, {"shop/prices.py": PRODUCT}) == []
