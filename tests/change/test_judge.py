"""What an author says of a change is judged sentence by sentence."""

from __future__ import annotations

import pytest

from bot.change.judge import split


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Cents are dropped. They count now.", ["Cents are dropped.", "They count now."]),
        ("Cents count now. it is 20 % faster.", ["Cents count now.", "it is 20 % faster."]),
        (
            "`parse` keeps cents (and more.) `total` is faster.",
            ["`parse` keeps cents (and more.)", "`total` is faster."],
        ),
        ('It says "no cents." Windows works.', ['It says "no cents."', "Windows works."]),
        (
            "Cents count now\n- passes on Windows\n- 20 % faster",
            ["Cents count now", "- passes on Windows", "- 20 % faster"],
        ),
        ("Cents count.\n\nFaster", ["Cents count.", "Faster"]),
        ("Cents are dropped by\nparse_price.", ["Cents are dropped by parse_price."]),
        (
            "Long inputs, e.g. 2.50, i.e. Cents, count in a.py now.",
            ["Long inputs, e.g. 2.50, i.e. Cents, count in a.py now."],
        ),
        ("分が失われます。今は数えます。", ["分が失われます。", "今は数えます。"]),
        ("", []),
    ],
)
def test_each_claim_is_a_sentence_of_its_own(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences
