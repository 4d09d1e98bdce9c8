"""Functions that a change changes, and those that it only moves about."""

from __future__ import annotations

from bot.surface.functions import find_changed

TEXT = '''
class Shop:
    def price(self, item):
        """Say it."""
        return item + 1

def total(cart, tax=1):
    return sum(cart) * tax
'''


def test_a_function_is_changed_by_what_it_does_and_not_by_how_it_is_written() -> None:
    before = {"shop.py": TEXT}
    written = TEXT.replace("Say it.", "Tell it.").replace("item + 1", "(item  +  1)  # one more")
    assert find_changed(before, {"shop.py": written}) == {}
    for old, new in (("item + 1", "item - 1"), ("item + 1", "1 + item"), ("item + 1", "item + 1.0")):
        assert find_changed(before, {"shop.py": TEXT.replace(old, new)}) == {"shop.py": ("Shop.price",)}
    assert find_changed(before, {"shop.py": TEXT.replace("tax=1", "tax=2")}) == {"shop.py": ("total",)}
    assert find_changed(before, {"other.py": TEXT}) == {"shop.py": ("Shop.price", "total")}


def test_a_long_sum_is_compared() -> None:
    long = "def f():\n    return " + " + ".join(["x"] * 2_000)
    assert find_changed({"a.py": long}, {"a.py": long}) == {}
    assert find_changed({"a.py": long}, {"a.py": long + " + x"}) == {"a.py": ("f",)}
