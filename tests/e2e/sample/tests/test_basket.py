import unittest

from basket.basket import total
from basket.prices import parse_price


class BasketTest(unittest.TestCase):
    def test_whole_prices(self):
        self.assertEqual(parse_price("3"), 300)

    def test_total(self):
        self.assertEqual(total(["3", "4"]), 700)

    def test_empty(self):
        self.assertEqual(total([]), 0)
