"""Prices as people write them."""


def parse_price(text):
    """Cents in ``text``, e.g. ``"3"`` or ``"2.50"``."""
    whole, _, cents = text.partition(".")
    return int(whole) * 100
