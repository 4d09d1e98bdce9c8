"""The model sees the likeliest files, and the style of their neighbours."""

from __future__ import annotations

import re
from typing import Any

from simhub.model_formats import ModelRequest
from tests.e2e.answers import BODY, GOOD, TITLE, Rule
from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, place, put

_SECOND = "You say where a bug's cause"


def _prefers(path: str) -> Rule:
    """A cheap model that puts one file first, by the number it has in the question."""

    def reply(asked: ModelRequest) -> dict[str, Any]:
        number = re.search(rf"^(\d+)\. {re.escape(path)}$", asked.user, re.MULTILINE)
        assert number is not None, asked.user
        return {"json": {"order": [{"file": int(number[1]), "reason": "said the cheap model"}]}}

    return {"match": {"system": _SECOND}, "reply": reply}


async def test_the_model_sees_the_likeliest_files_and_no_statistics(tell: Tell) -> None:
    story = await tell(GOOD)
    await story.until_status(await story.file(TITLE, BODY), "Done.")
    first = next(asked for asked in story.script.requests if "First task" in asked.user)
    assert "Likeliest files:\n1. basket/prices.py (" in first.user
    assert "An example (" not in first.user, "how neighbours are written is seen in the windows of their code"
    assert not any(_SECOND in asked.system for asked in story.script.requests), "nobody wanted a second opinion"
    other = place(story, "other")
    await put(other, POLICY, "fix: {rerank: true}\n")
    story.script.extend([{"match": {"system": _SECOND}, "reply": {"fault": "bad_request"}, "reusable": True}, *GOOD])
    story.script.requests.clear()
    await other.until_status(await other.file(TITLE, BODY), "Done.")
    assert any(_SECOND in asked.system for asked in story.script.requests)
    again = next(asked for asked in story.script.requests if "First task" in asked.user)
    assert "Likeliest files:\n1. basket/prices.py (" in again.user


async def test_a_cheap_model_orders_the_files_where_the_repository_wants_it(tell: Tell) -> None:
    story = await tell([_prefers("basket/basket.py"), *GOOD])
    await put(story, POLICY, "fix: {rerank: true}\n")
    await story.until_status(await story.file(TITLE, BODY), "Done.")
    second, first = story.script.requests[:2]
    assert "def parse_price(text)" in second.user
    assert TITLE in second.user
    assert "Likeliest files:\n1. basket/basket.py (said the cheap model)\n2. basket/prices.py (" in first.user
