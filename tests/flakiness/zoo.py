"""A repository whose tests are flaky in every way that the experiments tell apart."""

FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "requirements-test.txt": "pytest\n",
    "shop.py": "PRICES = {}\nREADY = []\n\n\ndef price(name):\n    return PRICES.get(name, 1)\n",
    "tests/test_a.py": """
import random
import time

import shop


def test_victim():
    assert shop.price("tea") == 1


def test_steady():
    assert 1 + 1 == 2


def test_chance():
    assert random.random() < 0.5


def test_zone():
    assert time.localtime().tm_gmtoff < 13 * 3600


def test_broken():
    assert shop.price("tea") == 7
""",
    "tests/test_b.py": """
import shop


def test_polluter():
    shop.PRICES["tea"] = 9
    assert shop.price("tea") == 9


def test_prepares():
    shop.READY.append(1)


def test_brittle():
    assert shop.READY
""",
    "tests/test_c.py": """
import os

import shop

ORDER = []


def test_c1():
    ORDER.append(1)


def test_kills_the_run():
    # as a test does that leaves pytest itself broken: an order with this one first never ends
    if not ORDER:
        os._exit(3)
""",
}
