"""A repository in three languages: the fix is in one of them, and the tests of all are asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e import test_fix_go as go
from tests.e2e import test_fix_node as node
from tests.e2e.answers import JUDGED, calls, change, edit, later
from tests.e2e.bug import suggested, tell_fix
from tests.e2e.conftest import Tell
from tests.e2e.test_gates import AGAIN, unverified

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
BUG = replace(go.BUG, files=SOURCE, product=f"server/{go.BUG.product}", proof=f"server/{go.BUG.proof}")


async def test_the_tests_of_all_three_are_asked(tell: Tell, tmp_path: Path) -> None:
    # two of Go, two of JavaScript, one of Python; then the proof
    commands = ["python -m unittest", "(cd server && go test ./...)", "(cd web && node --test)"]
    story = await tell_fix(tell, BUG, tmp_path, ["5 pass | 6 pass", *commands])
    assert f"for example `{BUG.proof}`" in suggested(story)


async def test_a_fix_that_breaks_another_language_is_caught(tell: Tell, tmp_path: Path) -> None:
    dollars = change(RULES, '{"currency": "EUR"}\n', '{"currency": "USD"}\n')
    both = calls(edit(change(BUG.product, *BUG.fix)), edit(dollars))
    story = await tell([*BUG.prove(), *later(both), AGAIN, JUDGED], source=BUG.lay(tmp_path))
    _, final = await unverified(story)
    assert "tools/test_rules.py::TestRules::test_currency: passed before, failed now" in final, final
