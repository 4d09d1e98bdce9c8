"""Whether quoted code is there is decided by code: the invented is thrown away, the misplaced finds its place."""

from __future__ import annotations

from typing import Any

import pytest

from bot.analysis.records import StaticFinding
from bot.github.text.diffs import FileDiff, parse_diff
from bot.pulls import quotes
from bot.pulls.records import Finding, Settled, Verdict
from handlers.review import placement, ranking
from tests.github.test_anchors import diff

OLD = ["def mean(prices):", "    total = sum(prices)", "    return total", "", "TAX = 3"]
NEW = ["def mean(prices):", "    total = sum(prices)", "    return total / len(prices)", "", "TAX = 3"]
OTHER = ["import os", "", "def run(line):", "    os.system(line)"]


def file(path: str, old: list[str], new: list[str]) -> FileDiff:
    return parse_diff(diff(old, new))[0].model_copy(update={"path": path, "old_path": path})


DIFFS = {"shop.py": file("shop.py", OLD, NEW), "run.py": file("run.py", [], OTHER)}
HEAD = {"shop.py": "\n".join(NEW), "run.py": "\n".join(OTHER)}
BASE = {"shop.py": "\n".join(OLD)}
QUOTE = "    return total / len(prices)"


def claim(**said: Any) -> Finding:
    usual = {"path": "shop.py", "quote": QUOTE, "severity": "bug", "concern": "correctness", "title": "T", "claim": "C"}
    return Finding.model_validate(usual | said)


def settle(**said: Any) -> Settled | None:
    return placement.settle(claim(**said), DIFFS, HEAD, BASE)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"line": 3}, ("shop.py", 3, "RIGHT")),
        ({"line": 999}, ("shop.py", 3, "RIGHT")),
        ({"quote": "return total/len( prices )"}, ("shop.py", 3, "RIGHT")),
        ({"quote": "          3 +    return total / len(prices)"}, ("shop.py", 3, "RIGHT")),
        ({"quote": "    3       -    return total"}, ("shop.py", 3, "LEFT")),
        ({"path": "./shop.py"}, ("shop.py", 3, "RIGHT")),
        ({"path": "src/nowhere.py"}, ("shop.py", 3, "RIGHT")),
        ({"path": "shop.py", "quote": "    os.system(line)"}, ("run.py", 4, "RIGHT")),
    ],
)
def test_the_quote_finds_its_place(said: dict[str, Any], place: tuple[str, int, str]) -> None:
    found = settle(**said)
    assert found is not None
    assert found.anchor is not None
    assert (found.anchor.path, found.anchor.line, found.anchor.side) == place


@pytest.mark.parametrize("quote", ["    return eval(prices)", "os.remove(path)", "", "}"])
def test_what_is_not_there_is_invented(quote: str) -> None:
    assert settle(quote=quote) is None


def test_one_cause_is_said_once_and_the_tool_that_proves_it_stays() -> None:
    tool = placement.of_tool(
        StaticFinding(tool="bandit", rule="B605", path="run.py", line=4, end_line=4, message="Shell", severity="error"),
        DIFFS,
        HEAD,
    )
    assert (tool.finding.severity, tool.finding.concern, tool.finding.source) == ("bug", "security", "bandit:B605")
    mine = settle(line=3, title="Division by zero", claim="An empty list divides by zero.")
    reworded = settle(line=3, title="Crash on empty lists", claim="Zero prices: the division fails.", severity="risk")
    elsewhere = settle(path="run.py", quote="import os", title="Unused", claim="Nobody uses it.")
    assert mine is not None
    assert reworded is not None
    assert elsewhere is not None
    assert placement.distinct([reworded, elsewhere, mine, tool]) == (tool, elsewhere, mine)


def test_a_rule_that_is_broken_a_thousand_times_is_told_a_few() -> None:
    found = [
        StaticFinding(tool="ruff", rule=rule, path="run.py", line=4, end_line=4, message=f"{n}", severity="error")
        for n in range(1000)
        for rule in ("F821", "B006")
    ]
    assert [one.rule for one in placement.few(found)] == ["F821", "B006"] * 3


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("return total / len(prices)", 3),
        ("return  total /\n  len(prices)", 3),
        ("total = sum(prices)\n    return total", 2),
        ("return total / count", None),
        (")", None),
        ("   ", None),
    ],
)
def test_a_proof_has_to_stand_in_the_file(quote: str, line: int | None) -> None:
    assert quotes.find("\r\n".join(NEW), quote) == line


def test_what_is_proved_and_grave_is_said_first_and_inline() -> None:
    proved = Verdict(fate="verified", reason="r")

    def one(severity: str, verdict: Verdict | None, line: int = 3) -> Settled:
        found = settle(line=line, severity=severity, title=f"{severity} {line}")
        assert found is not None
        return found.model_copy(update={"verdict": verdict})

    bug, risk, doubt, nit = one("bug", proved), one("risk", proved), one("blocker", None), one("nit", None)
    inline, folded = ranking.split(ranking.ordered([nit, risk, doubt, bug], {}), 1)
    assert inline == (bug,)
    assert folded == (doubt, risk, nit)
