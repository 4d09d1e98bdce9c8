"""Code decides whether quoted code exists.

Invented quotes are dropped, misplaced ones find their place.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.analysis.records import StaticFinding
from bot.github.text.diffs import FileDiff, parse_diff
from bot.pulls import places
from bot.pulls.memory import report_finding
from bot.pulls.outcomes import check_finding
from bot.pulls.records import Finding, PlacedFinding, Verdict
from handlers.review import placement, ranking
from handlers.review.words import write_comment
from tests.pulls.test_places import diff

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


def settle(**said: Any) -> PlacedFinding | None:
    return placement.place_finding(claim(**said), DIFFS, HEAD, BASE)


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
    tool = placement.place_tool_finding(
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
    assert placement.drop_repeats([reworded, elsewhere, mine, tool]) == (tool, elsewhere, mine)


def test_two_causes_at_one_place_are_one_comment_whose_suggestion_cures_both() -> None:
    first = settle(line=3, title="Division by zero", claim="An empty list divides.", suggestion="    return 0")
    other = settle(line=3, title="Rounds money", claim="Floats lose cents of large sums.", suggestion="    return 1")
    assert first is not None
    assert other is not None
    both = placement.drop_repeats([first, other])
    assert len(both) == 2, "nothing is dropped"
    verdict = Verdict(fate="verified", reason="r", path="shop.py", quote="q", line=3, failing_input="f", model="m")
    proved = [one.model_copy(update={"verdict": verdict}) for one in both]
    inline, folded = ranking.split(proved, 5)
    assert (len(inline), folded, len(inline[0].also)) == (1, (), 1)
    assert inline[0].finding.suggestion is None
    text = write_comment(inline[0], "")
    assert "Division by zero" in text
    assert "Rounds money" in text
    bare = proved[1].model_copy(update={"finding": proved[1].finding.model_copy(update={"suggestion": None})})
    assert ranking.split([proved[0], bare], 5)[0][0].finding.suggestion is None, "it would cure one of the two"
    cure = {"suggestion": "    return 2"}
    alike = [one.model_copy(update={"finding": one.finding.model_copy(update=cure)}) for one in proved]
    assert ranking.split(alike, 5)[0][0].finding.suggestion == "    return 2"


def test_a_rule_that_is_broken_a_thousand_times_is_told_a_few() -> None:
    found = [
        StaticFinding(tool="ruff", rule=rule, path="run.py", line=4, end_line=4, message=f"{n}", severity="error")
        for n in range(1000)
        for rule in ("F821", "B006")
    ]
    assert [one.rule for one in placement.limit_repeats(found)] == ["F821", "B006"] * 3


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("return total / len(prices)", 3),
        ("return  total /\n  len(prices)", 3),
        ("total = sum(prices)\n    return total", 2),
        ("3     return total / len(prices)", 3),
        ("```python\nreturn total / len(prices)\n```", 3),
        ("return total / count", None),
        ("return totals / len(prices)", None),
        (")", None),
        ("return", None),
        ("((((((", None),
        ("   ", None),
    ],
)
def test_a_proof_has_to_stand_in_the_file(quote: str, line: int | None) -> None:
    found = places.find_in_text("shop.py", "\r\n".join(NEW), quote)
    assert (found and found.first) == line


CART = """\
def total(
    items,
    rate=0.2,
):
    return sum(
        item.price * (1 + rate)
        for item in items if item.price > 0
    )


def export(user):
    require_admin(user)
    return dump()


def purge(user):
    require_admin(user)
    drop(user, everything=False, message='NAME')
""".replace("NAME", "x" * 420)
OPEN = CART.replace("    require_admin(user)\n    return", "    return").replace("rate=0.2", "rate=0.25")
OPEN = OPEN.replace("False", "True")
COPY = f"{' ' * 4}drop(user, everything=True, message='{'x' * 363} … (58 more characters)"


def settle_cart(
    quote: str, line: int | None = None, old: str = CART, new: str = OPEN, **said: Any
) -> PlacedFinding | None:
    diffs = {"cart.py": file("cart.py", old.split("\n"), new.split("\n"))}
    finding = claim(path="cart.py", quote=quote, line=line, **said)
    return placement.place_finding(finding, diffs, {"cart.py": new}, {"cart.py": old})


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("    rate=0.25,", 3),  # ends with a comma before a bracket
        ("rate=0.25,\n):", 3),
        ("+    rate=0.25,", 3),
        ("     3 +    rate=0.25,".rjust(24), 3),
        ("3 +    rate=0.25,", 3),
        ("-    rate=0.2,\n+    rate=0.25,", 3),
        ("```diff\n@@ -1,7 +1,7 @@\n     items,\n-    rate=0.2,\n+    rate=0.25,\n```", 2),
        ("```python\n    rate=0.25,\n```", 3),
        ("3     rate=0.25,", 3),
        ("2     items,\n3     rate=0.25,\n(lines 2 to 3 of 18)", 2),
        ("cart.py:3: rate=0.25,", 3),
        ("3 | rate=0.25,", 3),
        ("`rate=0.25,`", 3),
        (COPY, 17),
        (f"17 {COPY}", 17),
        (COPY.partition(" …")[0] + "...", 17),
    ],
)
def test_a_quote_is_known_in_every_form_it_was_shown_in(quote: str, line: int) -> None:
    found = settle_cart(quote)
    assert found is not None
    assert found.anchor is not None
    assert (found.finding.line, found.finding.removed, found.anchor.side) == (line, False, "RIGHT")
    assert found.finding.quote == "\n".join(OPEN.split("\n")[line - 1 : line + found.finding.quote.count("\n")])


@pytest.mark.parametrize("said", [{}, {"line": 12}, {"line": 10}, {"removed": True}, {"line": 12, "removed": True}])
@pytest.mark.parametrize(
    "quote", ["    require_admin(user)", "-    require_admin(user)", "   12       -    require_admin(user)"]
)
def test_a_removed_line_is_not_the_one_that_stands_elsewhere(quote: str, said: dict[str, Any]) -> None:
    found = settle_cart(quote, **said)
    assert found is not None
    assert found.anchor is not None
    assert (found.anchor.side, found.anchor.line) == ("LEFT", 12)
    assert (found.finding.removed, found.finding.line, found.finding.symbol) == (True, 12, "export")


def test_a_removed_line_that_is_put_back_is_looked_at_again() -> None:
    found = settle_cart("-    require_admin(user)", 12)
    assert found is not None
    told = report_finding(found, task="t", head_sha="a" * 40, text=OPEN, folded=False)
    assert check_finding(told, {"cart.py": OPEN}).standing == "stands"
    assert check_finding(told, {"cart.py": f"import os\n\n{OPEN}"}).standing == "stands"
    assert check_finding(told, {"cart.py": CART}).standing == "doubtful"
    elsewhere = OPEN.replace("    require_admin(user)\n    drop", "    drop")
    assert check_finding(told, {"cart.py": elsewhere}).standing == "stands"


def test_what_stands_untouched_is_meant_where_its_own_number_is_named() -> None:
    found = settle_cart("    require_admin(user)", 16)
    assert found is not None
    assert (found.finding.removed, found.finding.line, found.finding.symbol) == (False, 16, "purge")


@pytest.mark.parametrize(("line", "symbol"), [(2, "one"), (1, "one"), (3, "one"), (12, "two"), (14, "two")])
def test_of_lines_that_read_the_same_the_claimed_one_is_told_and_shown(line: int, symbol: str) -> None:
    old = "def one(a):\n    pass\n" + "\n" * 8 + "\ndef two(a):\n    pass\n"
    found = settle_cart("    return a / 0", line, old, old.replace("pass", "return a / 0"))
    assert found is not None
    assert found.anchor is not None
    assert (found.finding.symbol, found.anchor.line) == (symbol, found.finding.line)


@pytest.mark.parametrize(
    ("old", "new", "quote"),
    [
        ("120000", "../shared/config.py", "../shared/config.py"),
        ("160000", f"Subproject commit {'a' * 40}", f"Subproject commit {'a' * 40}"),
        ("160000", f"Subproject commit {'a' * 40}", f"+Subproject commit {'a' * 40}"),
    ],
)
def test_links_and_submodules_have_a_place(old: str, new: str, quote: str) -> None:
    diffs = {"lib": file("lib", [f"old {old}"], [new])}
    for head in ({}, {"lib": new}):
        found = placement.place_finding(claim(path="lib", quote=quote), diffs, head, {})
        assert found is not None
        assert found.anchor is not None
        assert (found.anchor.line, found.anchor.side) == (1, "RIGHT")


def test_a_suggestion_replaces_what_was_quoted_and_not_the_line_around_it() -> None:
    whole, part, left_out = (
        settle(quote=quote, suggestion="1") for quote in (QUOTE, "len(prices)", f"def mean(prices):\n    ...\n{QUOTE}")
    )
    assert whole is not None
    assert part is not None
    assert left_out is not None
    assert (whole.finding.part, part.finding.part, part.finding.quote) == ("", "len(prices)", QUOTE)
    assert left_out.finding.suggestion is None


def test_what_is_proved_and_grave_is_said_first_and_inline() -> None:
    proved = Verdict(fate="verified", reason="r")

    def one(severity: str, verdict: Verdict | None, line: int = 3) -> PlacedFinding:
        found = settle(line=line, severity=severity, title=f"{severity} {line}")
        assert found is not None
        return found.model_copy(update={"verdict": verdict})

    bug, risk, doubt, nit = one("bug", proved), one("risk", proved), one("blocker", None), one("nit", None)
    inline, folded = ranking.split(ranking.rank_findings([nit, risk, doubt, bug], {}), 1)
    assert inline == (bug.model_copy(update={"also": (risk,)}),), "what is proved at the same place goes along"
    assert folded == (doubt, nit)
