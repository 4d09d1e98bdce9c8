"""Adding up."""

from basket.prices import parse_price


def total(texts):
    """Cents of all prices together."""
    return sum(parse_price(text) for text in texts)
