"""Replies below a finding, as people write them: only a clear rejection is one.

The examples stand in ``replies/``, a file a language. Under ``rejects`` is what closes a finding, under ``open`` what
looks like it and does not: agreement, questions, conditions, quotations.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.pulls.replies import read_stance

LANGUAGES = sorted(Path(__file__).with_name("replies").glob("*.yml"))


def examples(kind: str) -> list[str]:
    """The examples of a kind in all languages."""
    return [body for file in LANGUAGES for body in yaml.safe_load(file.read_text("utf-8"))[kind]]


@pytest.mark.parametrize("body", examples("rejects"))
def test_a_clear_rejection_is_one(body: str) -> None:
    assert read_stance(body) == "rejects"


@pytest.mark.parametrize("body", examples("open"))
def test_agreement_questions_conditions_and_quotations_are_none(body: str) -> None:
    assert read_stance(body) != "rejects"


def test_a_bare_no_after_somebody_else_may_be_meant_for_them() -> None:
    for body in ("No.", "I disagree.", "👎", "Не согласен."):
        assert read_stance(body) == "rejects"
        assert read_stance(body, to_us=False) is None
    assert read_stance("Not a bug.", to_us=False) == "rejects"


def test_a_long_argument_is_left_to_people() -> None:
    assert read_stance("Not a bug. " + "The history of this is long. " * 200) is None
