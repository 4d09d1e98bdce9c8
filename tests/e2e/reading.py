"""Scripted reviewers: what finders report and what the verifier makes of it, for stories about reviews."""

from __future__ import annotations

from typing import Any

from tests.e2e.answers import Rule, calls

PRICES = "basket/prices.py"
BUGGY = '''"""Prices as people write them."""


def parse_price(text):
    """Cents in ``text``, e.g. ``"3"`` or ``"2.50"``."""
    whole, _, cents = text.partition(".")
    return int(whole) * 100 + int(cents or "0")
'''
QUOTE = '    return int(whole) * 100 + int(cents or "0")'


def finding(**said: Any) -> dict[str, Any]:
    """Make a finder's report of a real bug of :data:`BUGGY`.

    ``said`` replaces fields of it.
    """
    return {
        "path": PRICES,
        "quote": QUOTE,
        "line": 7,
        "severity": "bug",
        "concern": "correctness",
        "title": "One digit of cents is taken for cents",
        "claim": 'In "2.5" the 5 stands for fifty cents, but five are added.',
        "failing_input": 'parse_price("2.5") gives 205 instead of 250',
        "suggestion": '    return int(whole) * 100 + int((cents + "00")[:2])',
    } | said


def reports(*findings: dict[str, Any], files: dict[str, str] | None = None, **match: Any) -> Rule:
    """A finder's answer; by default to whoever reads for correctness."""
    told = [{"path": path, "change": text} for path, text in (files or {PRICES: "Cents are read."}).items()]
    return {
        "match": {"tool": "report", **(match or {"text": "Concern: correctness"})},
        "reply": calls(("report", {"findings": list(findings), "files": told})),
    }


QUIET: Rule = {
    "match": {"tool": "report"},
    "reply": calls(("report", {"findings": [], "files": []})),
    "reusable": True,
}


def verdict(holds: bool = True, **said: Any) -> Rule:
    """The verifier's answer to whatever it is asked next."""
    proof = {"path": PRICES, "quote": QUOTE.strip(), "failing_input": 'parse_price("2.5")', "reason": "5 is not 50."}
    return {
        "match": {"tool": "verdict"},
        "reply": calls(("verdict", {"holds": holds, **proof, **said})),
    }


PROVED: Rule = {**verdict(), "reusable": True}
