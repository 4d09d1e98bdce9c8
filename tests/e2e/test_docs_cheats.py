"""A writer that cheats is caught by code each time, and nothing is published."""

from __future__ import annotations

import pytest

from tests.e2e.answers import change
from tests.e2e.docs_answers import EXAMPLE, FALSE, MENDED, NO_REVIEWS, PAGE, TEXT, TRUE, mends
from tests.e2e.scenes import POLICY, about, place, put
from tests.support.story import Story
from tests.support.typing import comment

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASKET = "basket/basket.py"
LAST = "Prices are whole numbers of euros.\n"
DOCSTRING = '    """Cents of all prices together."""\n'
BODY = "    return sum(parse_price(text) for text in texts)\n"


def example(code: str) -> str:
    """An edit that adds an example to the page."""
    return change(PAGE, LAST, f"```python\n{code}```\n\n{LAST}")


CHEATS = {
    "code is altered": (
        [
            MENDED,
            change(
                BASKET, BODY, BODY.replace("(parse_price(text)", "([parse_price(text)").replace("texts)", "texts])")
            ),
        ],
        "its code is altered",
    ),
    "a comment is added": ([MENDED, change(BASKET, BODY, f"    # fast\n{BODY}")], "its comments are altered"),
    "the fault is left": ([change(PAGE, LAST, "Prices are whole euros.\n")], "still there: `basket.basket.sum_up`"),
    "the passage is deleted": ([change(PAGE, FALSE, "")], "deleted, not mended: Call `basket.basket.sum_up`"),
    "the example is deleted": ([MENDED, change(PAGE, EXAMPLE, "")], "deleted, not mended: >>> from"),
    "the example is called text": (
        [MENDED, change(PAGE, EXAMPLE, EXAMPLE.replace("pycon", "text"))],
        "deleted, not mended: >>> from",
    ),
    "the example fails": ([MENDED, change(PAGE, "700\n", "800\n")], f"{PAGE}:5: "),
    "the example skips": ([MENDED, change(PAGE, "700\n", "700\n>>> total(1)  # doctest: +SKIP\n")], "not to be run"),
    "the example ends the run": ([MENDED, example("import os\n\nos._exit(0)\n")], f"{PAGE}:11: "),
    "the example never holds": ([MENDED, example("if False:\n    total()\n")], "a condition that never holds"),
    "a name is invented": ([change(PAGE, FALSE, TRUE.replace("with", "or `grand_total` with"))], "`grand_total`"),
    "a link leads nowhere": ([MENDED, change(PAGE, LAST, f"[More](more.md).\n\n{LAST}")], "`more.md` leads nowhere"),
    "a parameter is invented": (
        [MENDED, change(BASKET, DOCSTRING, DOCSTRING.replace('r."""', 'r.\n\n    :param prices: them.\n    """'))],
        "`prices` is documented and is no parameter of `basket.basket.total`",
    ),
}


@pytest.mark.parametrize("cheat", CHEATS)
async def test_a_cheat_is_caught(town: Story, cheat: str) -> None:
    edits, caught = CHEATS[cheat]
    story = place(town, cheat.replace(" ", "-"))
    await put(story, POLICY, NO_REVIEWS)
    await put(story, PAGE, TEXT)
    story.script.extend(about(cheat, mends(*edits)))
    number = await story.file(f"Mend the page: {cheat}", "It is old.", label=None)
    await comment(story, number, f"/docs {PAGE}")
    await story.until_status(number, "Stopped without verified documentation.")
    (final,) = (await story.comments(number))["final"]
    assert caught in final
    assert await story.pulls() == []
