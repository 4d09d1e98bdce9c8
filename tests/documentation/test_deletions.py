"""A passage is mended, not deleted."""

from __future__ import annotations

import pytest

from bot.documentation.deletions import find_deleted
from bot.documentation.passages import read_passages

PAGE = (
    "# Use\n\nCall `add_item` to put an item into the cart.\n\n"
    "```python\ncart.add_item(1)\n```\n\nThe cart holds nine items at most.\n"
)


def deleted(old: str, new: str) -> list[str]:
    assert old in PAGE
    after = read_passages("use.md", PAGE.replace(old, new))
    return [one.text for one in find_deleted(read_passages("use.md", PAGE), after)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("`add_item` to put", "`put` to lay"),
        ("cart.add_item(1)", "cart.put(1)"),
        ("# Use", "# Usage"),
        ("The cart holds nine items at most.", "At most twelve items are in the cart.\n\nAnd more."),
    ],
)
def test_a_mended_passage_is_none(old: str, new: str) -> None:
    assert deleted(old, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Call `add_item` to put an item into the cart.\n\n", ""),
        ("The cart holds nine items at most.\n", ""),
        ("```python\ncart.add_item(1)\n```\n\n", ""),
        ("```python", "```text"),
        ("The cart holds nine items at most.", "See elsewhere."),
    ],
)
def test_a_deleted_passage_is_found(old: str, new: str) -> None:
    assert len(deleted(old, new)) == 1


def test_a_deleted_page_loses_all() -> None:
    assert len(find_deleted(read_passages("use.md", PAGE), ())) == 3
