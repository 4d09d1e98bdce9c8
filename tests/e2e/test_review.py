"""The main story of reviews: opened, read, said where it belongs; and the ways in which nothing is said."""

from __future__ import annotations

from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, finding, reports
from tests.support.pulls import propose, remarks, reviewed, reviews


async def test_what_is_proved_is_said_on_its_line(tell: Tell) -> None:
    story = await tell([reports(finding()), QUIET, PROVED])
    number = await propose(story, {PRICES: BUGGY}, body="Reads cents.")
    check = await reviewed(story, number)
    assert (check["conclusion"], check["output"]["title"]) == ("neutral", "1 bug")
    (review,) = await reviews(story, number)
    assert review["state"] == "COMMENTED"
    (remark,) = await remarks(story, number)
    assert (remark["path"], remark["line"], remark["side"]) == (PRICES, 7, "RIGHT")
    assert "**Bug: One digit of cents is taken for cents**" in remark["body"]
    assert "**Fails for:** parse_price" in remark["body"]
    assert "`basket/prices.py:7`" in remark["body"]
    assert '```suggestion\n    return int(whole) * 100 + int((cents + "00")[:2])\n```' in remark["body"]
    (summary,) = (await story.comments(number))["status"]
    assert summary.startswith("I read the one changed file: 1 bug.")
    assert "| `basket/prices.py` | Cents are read. (modified, +1 -1) | medium |" in summary
    assert "3 readings, then each claim on its own, by `thinker`, `checker`" in summary
    assert "4 model calls" in summary
