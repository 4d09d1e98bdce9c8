"""Flaky tests: what only hides a flake is refused, a test is found by its name, the report says what is known."""

from __future__ import annotations

import difflib
from datetime import UTC, date, datetime

import pytest

from bot.flakiness.records import Examination, Tally
from bot.quarantine.entries import Entry, write_entries
from bot.store.test_outcomes import Examined, StoredOutcome, StoredReport
from handlers.flaky.examination import find_test
from handlers.flaky.gates import count_alone, find_hiding, find_lost, judge_flake, list_repeats
from handlers.flaky.report import write_report

BEFORE = """
def test_a(shop):
    shop.open()
    assert shop.price("tea") == 1
    with pytest.raises(KeyError):
        shop.price("x")
    client.get(timeout=5)
"""


def diff(after: str, before: str = BEFORE) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "a/tests/test_a.py", "b/tests/test_a.py", lineterm=""
    )
    return "diff --git a/tests/test_a.py b/tests/test_a.py\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shop.open()", "shop.open(); time.sleep(1)", "waits"),
        ("shop.open()", "event.wait (3)", "waits"),
        ("def test_a", "@pytest.mark.flaky(reruns=3)\ndef test_a", "tries again"),
        ("def test_a", "@retry(3)\ndef test_a", "tries again"),
        ("def test_a", "@pytest.mark.order(1)\ndef test_a", "sets an order"),
        ("    shop.open()", "    try:\n        shop.open()\n    except Exception:\n        pass", "swallows errors"),
        ("    shop.open()", "    with suppress(AssertionError):\n        shop.open()", "swallows errors"),
        ("timeout=5", "timeout=50", "a longer timeout"),
        ("shop.open()", "if 'PYTEST_CURRENT_TEST' in os.environ: return", "looks at what runs it"),
    ],
)
def test_what_hides_a_flake_is_refused(old: str, new: str, said: str) -> None:
    found = list(find_hiding(diff(BEFORE.replace(old, new))))
    assert any(said in one for one in found), found


def test_what_removes_its_cause_is_not() -> None:
    cured = BEFORE.replace(
        "def test_a(shop):\n", "def test_a(shop, monkeypatch):\n    monkeypatch.setitem(PRICES, 'tea', 1)\n"
    )
    shorter = BEFORE.replace("timeout=5", "timeout=4")
    assert list(find_hiding(diff(cured))) == list(find_hiding(diff(shorter))) == []
    assert find_lost("tests/test_a.py", BEFORE, cured) == []
    assert find_lost("tests/test_a.py", BEFORE, f"{BEFORE}    assert shop.is_open\n") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" == 1", ""),
        ('assert shop.price("tea") == 1', "pass"),
        ("pytest.raises(KeyError)", "pytest.raises(Exception)"),
        ("    shop.open()\n", "    return\n    shop.open()\n"),
        ("test_a", "check_a"),
        ("def test_a(shop):", "def test_a(shop:"),
    ],
)
def test_an_assertion_that_is_not_there_any_more_is_seen(old: str, new: str) -> None:
    assert find_lost("tests/test_a.py", BEFORE, BEFORE.replace(old, new))


ORDERS = (("b", "a"), 7)
FLAKE = Examination(test="a", kind="victim", reason="It fails behind b.", bad_orders=ORDERS, confirmed=True)


def orders(passed: int, failed: int = 0, lost: int = 0) -> list[Tally]:
    return [Tally(name="orders", passed=passed, failed=failed, lost=lost), Tally(name="alone", passed=3)]


def test_the_flake_must_pass_20_of_20_and_in_unseen_orders() -> None:
    assert list_repeats(FLAKE) == ORDERS * 10
    good = judge_flake(FLAKE, orders(40), wanted=20)
    assert (good.passed, good.before) == (True, "reproduced")
    assert "20 times in what failed before" in good.after
    assert not judge_flake(FLAKE, orders(39, 1), wanted=20).passed
    assert not judge_flake(FLAKE, orders(21, 0, 19), wanted=20).passed, "orders that did not end show nothing"


def test_chance_is_run_until_it_would_have_shown() -> None:
    seen = Examination(
        test="a", kind="non-deterministic", reason="", tallies=(Tally(name="alone", passed=9, failed=1),)
    )
    assert count_alone(seen) == 29  # 0.9 ** 29 < 5 %
    assert count_alone(FLAKE) == 3


TESTS = [
    "tests/test_a.py::test_x",
    "tests/test_b.py::T::test_x",
    "tests/test_b.py::test_y[1]",
    "tests/test_b.py::test_y[2]",
]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("tests/test_a.py::test_x", TESTS[0]),
        ("`tests.test_a.test_x`", TESTS[0]),
        ("T::test_x", TESTS[1]),
        ("test_y[2]", TESTS[3]),
        ("test_y", TESTS[2]),
        ("test_x", ""),  # two of that name
        ("est_x", ""),
        ("", ""),
    ],
)
def test_a_test_is_found_by_its_name_or_the_end_of_it(name: str, found: str) -> None:
    resolved = find_test(name, TESTS, orders=True)
    assert resolved.test == found
    assert bool(resolved.problem) is not bool(found)


def test_a_name_that_no_test_has_is_told_with_one_that_a_test_has() -> None:
    """Nothing ran yet, so nothing is said to have run."""
    problem = find_test("nope", TESTS, orders=True).problem
    assert problem == "There is no test named `nope` among the 4 found here. Names are like `tests/test_a.py::test_x`."


def test_the_report_says_what_is_known_and_where_from() -> None:
    now = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
    where = {"variant": "unit", "place": "branch", "sha": "c", "at": now}
    outcomes = [
        StoredOutcome.model_validate(
            where | {"test": "tests/test_a.py::test_x", "passed": end == "P", "tree": f"t{n // 2}", "at": now + n}
        )
        for n, end in enumerate("FPFP")
    ]
    reports = [
        StoredReport(
            source=f"artifact:{n}", variant="unit", place="branch", sha="c", tree="t", at=now, tests=5, left_out=why
        )
        for n, why in enumerate(["", "", "the run ended as cancelled"])
    ]
    examined = [Examined(test="tests.test_b.test_z", kind="victim", data={"reason": "It fails behind test_q."}, at=now)]
    entry = Entry(
        test="a::b", reason="r", issue="#7", owner="@mara", since=date(2026, 11, 10), expires=date(2026, 11, 20)
    )
    report = write_report(outcomes, reports, examined, write_entries([entry]), date(2026, 12, 1))
    assert report.found == 2
    for shown in (
        "From 2 reports of CI",
        "1 more do not count",
        "| `tests.test_a.test_x` | `unit` | flaky | it failed and passed on the same files, 2 times |",
        "| `tests.test_b.test_z` | victim | It fails behind test_q. | 2026-12-01 |",
        "| `a::b` | expired 2026-11-20 | @mara | #7 | r |",
    ):
        assert shown in report.text
    assert "No test is known" in write_report([], [], [], "", date(2026, 12, 1)).text
    assert "excuses nothing" in write_report([], [], [], "tests: 7", date(2026, 12, 1)).text
