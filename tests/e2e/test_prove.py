"""What the gates of our own changes say of a pull request that somebody else made."""

from __future__ import annotations

import pytest

from tests.e2e.scenes import POLICY, SAMPLE, place, put, rows
from tests.support.pulls import Files, propose, pull
from tests.support.story import Story
from tests.support.typing import comment

pytestmark = [pytest.mark.needs("sandbox"), pytest.mark.asyncio(loop_scope="module")]
PRICES = "basket/prices.py"
MENDED = (SAMPLE / PRICES).read_text().replace("return int(whole) * 100", 'return int(whole) * 100 + int(cents or "0")')
NEW = "tests/test_cents.py"
TEST = """import unittest

from basket.prices import parse_price


class CentsTest(unittest.TestCase):
    def test_cents(self):
        self.assertEqual(parse_price("2.50"), 250)
"""


async def prove(story: Story, files: Files, branch: str) -> tuple[str, str]:
    """Have a pull request judged; the conclusion of its check run, and what is written below it."""
    number = await propose(story, files, branch=branch, title="Keep the cents")
    head = (await pull(story, number))["head"]["sha"]
    await comment(story, number, "/prove")

    async def ended() -> bool:
        found = await story.request("GET", f"/commits/{head}/check-runs?check_name=Forgehand%20proof")
        shown = story.shown(number, "status")
        return bool(found["check_runs"]) and found["check_runs"][0]["status"] == "completed" and bool(shown)

    await story.until(ended, what="it is judged", show=lambda: story.status(number))
    found = await story.request("GET", f"/commits/{head}/check-runs?check_name=Forgehand%20proof")
    return found["check_runs"][0]["conclusion"], story.shown(number, "status")[-1]


async def test_a_pull_request_has_to_pass_what_our_own_changes_pass(town: Story) -> None:
    story = place(town, "prove")
    await put(story, POLICY, "review: { on: [] }\n")
    conclusion, said = await prove(story, {PRICES: MENDED, NEW: TEST}, "good")
    assert conclusion == "success", said
    assert "**Proved. `tests/test_cents.py::CentsTest::test_cents` fails without the change" in said
    assert "| `test_cents` (new) | fails: `200 != 250` | passes, 3 of 3 |" in said
    assert "no existing test and no test configuration is changed" in said
    assert "Cost $0.00" in said

    bad = {PRICES: MENDED.replace("* 100 +", "* 10 +"), NEW: TEST, "tests/test_basket.py": "", "k.py": f'K = "{KEY}"\n'}
    conclusion, said = await prove(story, bad, "bad")
    assert conclusion == "failure"
    assert "**Not proved. These gates did not pass: " in said
    for gate in ("proof", "regressions", "tests taken from base", "secrets"):
        assert f"Not passed: {gate}" in said or f"| {gate} |" in said, gate
    assert KEY not in said
    assert story.script.requests == []
    assert rows(story, "select count(*) from fh_model_call") == [(0,)]


KEY = "ghp_" + "Zx9" * 12
