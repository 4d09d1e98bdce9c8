"""A repository in three languages: the fix is in one of them, and the tests of all are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import test_fix_go as go
from tests.e2e import test_fix_node as node
from tests.e2e.answers import JUDGED, calls, change, edit, finish, later, new_file, prove
from tests.e2e.conftest import Tell
from tests.e2e.test_gates import AGAIN, unverified
from tests.toolchains.conftest import write

pytestmark = [pytest.mark.needs("go"), pytest.mark.needs("node")]
RULES = "tools/rules.json"
SOURCE = {
    **{f"server/{path}": text for path, text in go.SOURCE.items()},
    **{f"web/{path}": text for path, text in node.SOURCE.items()},
    RULES: '{"currency": "EUR"}\n',
    "tools/test_rules.py": """import json
import pathlib
import unittest


class TestRules(unittest.TestCase):
    def test_currency(self):
        rules = json.loads((pathlib.Path(__file__).parent / "rules.json").read_text())
        self.assertEqual(rules["currency"], "EUR")
""",
}
PRICES = f"server/{go.PRICES}"
PROOF = f"server/{go.PROOF}"
PROVED = [
    *prove(calls(("read", {"path": PRICES})), calls(edit(new_file(PROOF, go.PROOF_TEXT))), calls(finish())),
    go.RECOGNISED,
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", SOURCE)


async def test_the_tests_of_all_three_are_asked(tell: Tell, source: Path) -> None:
    turns = later(calls(edit(change(PRICES, *go.FIX))), calls(finish()))
    story = await tell([*PROVED, *turns, JUDGED], source=source)
    number = await story.file(go.TITLE, go.BODY)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    # two of Go, two of JavaScript, one of Python; then the proof
    assert "5 pass | 6 pass" in pull["body"], pull["body"]
    for command in ("python -m unittest", "(cd server && go test ./...)", "(cd web && node --test)"):
        assert command in pull["body"]
    assert f"for example `{PROOF}`" in next(each for each in story.script.requests if "First task" in each.text).text


async def test_a_fix_that_breaks_another_language_is_caught(tell: Tell, source: Path) -> None:
    both = calls(edit(change(PRICES, *go.FIX)), edit(change(RULES, '{"currency": "EUR"}\n', '{"currency": "USD"}\n')))
    story = await tell([*PROVED, *later(both), AGAIN, JUDGED], source=source)
    _, final = await unverified(story)
    assert "tools/test_rules.py::TestRules::test_currency: passed before, failed now" in final, final
