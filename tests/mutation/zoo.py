"""A repository with code of every shape, tests that notice something of it, and tests that only look so."""

SHAPES = """
from __future__ import annotations

import functools
import logging

LIMIT = 10
log = logging.getLogger(__name__)


class Base:
    def __init__(self, amount: int) -> None:
        self.amount = amount


class Price(Base):
    tax = 2

    def __init__(self, amount: int, rate: int = 3) -> None:
        super().__init__(amount)
        self.rate = rate

    def total(self) -> int:
        log.info("total of %s", self.amount + 1)
        if self.amount > LIMIT:
            return self.amount * self.rate + self.tax
        return self.amount

    @property
    def high(self) -> bool:
        return self.amount > LIMIT or self.rate > 5

    @staticmethod
    def half(number: int) -> int:
        assert number + 1
        return number // 2

    def __repr__(self) -> str:
        return "Price" * 3


def checked(function):
    @functools.wraps(function)
    def inner(*args):
        if not args:
            raise ValueError("nothing: %d" % (1 + 1))
        return function(*args)

    return inner


@checked
def double(number):
    return number + number


def count(limit):
    step = 0
    while True:
        step += 1
        if step >= limit:
            break
    return step


def evens(numbers):
    for number in numbers:
        if number % 2:
            continue
        yield number


def adder(number):
    def add(other):
        return other - number

    return add


async def later(number):
    return number - 1


def forgotten(number):
    return number * 7


triple = lambda number: number * 3
"""

TESTS = """
import asyncio

import pytest

import shapes


def test_total():
    assert shapes.Price(20).total() == 62
    assert shapes.Price(5).total() == 5


def test_high():
    assert shapes.Price(5, 6).high


def test_half():
    assert shapes.Price.half(9) == 4


def test_double():
    assert shapes.double(2) == 4


def test_nothing_to_double():
    with pytest.raises(ValueError):
        shapes.double()


def test_count():
    assert shapes.count(3) == 3


def test_evens():
    assert list(shapes.evens([1, 2, 3, 4])) == [2, 4]


def test_adder():
    assert shapes.adder(1)(3) == 2


def test_later():
    assert asyncio.run(shapes.later(3)) == 2


def test_triple():
    assert shapes.triple(2) == 6


def test_fails_anyway():
    assert shapes.count(2) == 3


@pytest.mark.skip
def test_is_skipped():
    assert shapes.forgotten(1) == 7
"""

PROJECT = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
    "shapes.py": SHAPES,
    "tests/test_shapes.py": TESTS,
}
