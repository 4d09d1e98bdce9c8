"""TAP as runners write it: names, groups, and whether the plan was met."""

from __future__ import annotations

import pytest

from bot.toolchains.events import TEXT, Fold
from bot.toolchains.port import TestCase, ToolchainError
from bot.toolchains.tap import read_tap
from tests.toolchains.conftest import ended


def parse_tap(text: str) -> tuple[tuple[TestCase, ...], bool]:
    """The cases, and whether the plan was met: believed by neither a good nor a bad exit code."""
    cases = Fold().add(read_tap(text)).close(ended(0)).cases
    return cases, any(Fold().add(read_tap(text)).close(ended(code)).completeness.ok for code in (0, 1))


def tap(text: str) -> tuple[dict[str, str], bool]:
    cases, met = parse_tap(text)
    return {case.id: case.verdict for case in cases}, met


def test_tap() -> None:
    text = (
        "TAP version 13\n1..4\nok 1 - a\nnot ok 2 - b\n  ---\n  message: no\n  ok 9 - fake\n  ...\n"
        "ok 3 - c # SKIP later\nnot ok 4 # TODO d\n"
    )
    assert tap(text) == ({"a": "passed", "b": "failed", "c": "skipped", "test 4": "skipped"}, True)
    assert "message: no" in parse_tap(text)[0][1].message
    assert tap("1..3\nok 1\nok 2\n")[1] is False
    assert tap("1..1\nok 1\nBail out! disk\n")[1] is False
    assert tap("1..0 # SKIP nothing here\n") == ({}, True)


@pytest.mark.parametrize(
    ("text", "expected", "met"),
    [
        # names with a number sign, as they are escaped and as they are not; times that runners add
        ("1..5\nok 1 - issue #12 is closed\nnot ok 2 - issue #13 is closed\nok 3 - a \\# b # skip no\nok 4 - a \\\\ c"
         "\nok 5 - fast # time=12.3ms\n",
         {"issue #12 is closed": "passed", "issue #13 is closed": "failed", "a # b": "skipped", "a \\ c": "passed",
          "fast": "passed"}, True),
        # equal names
        ("1..3\nok 1 - adds\nnot ok 2 - adds\nok 3 - adds\n",
         {"adds": "passed", "adds#2": "failed", "adds#3": "passed"}, True),
        # subtests: each counts, and a group only where it fails by itself
        ("# Subtest: g\n    # Subtest: adds\n    not ok 1 - adds\n      ---\n      at: x\n      ...\n    ok 2 - subs\n"
         "    1..2\nnot ok 1 - g\n# Subtest: h\n    ok 1 - adds\n    1..1\nnot ok 2 - h\n# Subtest: i\n"
         "        ok 1 - deep\n        1..1\n    ok 1 - in\n    1..1\nok 3 - i\n1..3\n",
         {"g::adds": "failed", "g::subs": "passed", "h::adds": "passed", "h": "failed", "i::in::deep": "passed"}, True),
        # node-tap and vitest: the group first, its tests in braces
        ("1..1\nnot ok 1 - a.test.js # time=3ms {\n    1..2\n    ok 1 - x # time=1ms\n    not ok 2 - y\n}\n",
         {"a.test.js::x": "passed", "a.test.js::y": "failed"}, True),
        # subtests that were lost; output that looks like a subtest; a stream that ends in a group
        ("    ok 1 - x\n    1..3\nok 1 - g\n1..1\n", {"g::x": "passed"}, False),
        ("ok 1 - real\n    ok 7 - printed\nok 2 - other\n1..2\n", {"real": "passed", "other": "passed"}, True),
        ("ok 1 - a\n    ok 1 - x\n    1..2\n1..1\n", {"a": "passed"}, False),
        # names that end in a brace, of tests and of node's groups
        ("not ok 1 - rejects {\n  ---\n  at: x\n  ...\nok 2 - b\n    ok 1 - in {\n    ok 2 - on\n    1..2\nok 3 - g {\n"
         "ok 4 - last {\n1..4\n",
         {"rejects {": "failed", "b": "passed", "g {::in {": "passed", "g {::on": "passed", "last {": "passed"}, True),
        # bats, with the times of its tests; a time before a directive
        ("1..3\nok 1 adds in 16ms\nnot ok 2 subs # in 2 sec\nnot ok 3 muls # time=3ms # TODO\n",
         {"adds": "passed", "subs": "failed", "muls": "skipped"}, True),
        # a group of Perl's that may fail
        ("# Subtest: g\n    ok 1 - a\n    not ok 2 - b\n    1..2\nnot ok 1 - g # TODO later\nok 2 - c\n1..2\n",
         {"g::a": "passed", "g::b": "skipped", "c": "passed"}, True),
        ("# Subtest: g\n    not ok 1 - a\n    1..2\nnot ok 1 - g # TODO later\n1..1\n", {"g::a": "skipped"}, True),
        # tape, whose tests are headings
        ("TAP version 13\n# adds\nok 1 should be equal\n# subs #2 # TODO\nnot ok 2 should be equal\n  ---\n"
         "    operator: equal\n  ...\nok 3 # SKIP\n# muls\nnot ok 4 should be equal # TODO\n\n1..4\n# tests 4\n"
         "# pass  2\n# fail  1\n",
         {"adds::should be equal": "passed", "subs #2::should be equal": "failed", "subs #2": "skipped",
          "muls::should be equal": "skipped"}, True),
        # two commands
        ("TAP version 13\n1..1\nok 1 - a\nTAP version 13\nnot ok 1 - a\n1..1\n",
         {"a": "passed", "a#2": "failed"}, True),
        ("TAP version 13\n1..2\nok 1 - a\nTAP version 13\nok 1 - b\n1..1\n", {"a": "passed", "b": "passed"}, False),
        # prove: files with equal names, one that ended early, one that ended badly, one that was skipped
        ("t/a.t .. \nok 1 - adds\nnot ok 2 - subs \\# x\n1..2\nDubious, test returned 1 (wstat 256, 0x100)\n"
         "Failed 1/2 subtests \nt/b.t ... \n# Subtest: g\n    ok 1 - adds\n    1..1\nok 1 - g\nok 2 - adds\n1..2\nok\n"
         "t/c.t .. skipped: no database\nt/d.t .. \n1..3\nok 1 - adds\nDubious, test returned 2 (wstat 512, 0x200)\n"
         "Failed 2/3 subtests \nt/e.t .. \n1..1\nok 1 - adds\nDubious, test returned 3 (wstat 768, 0x300)\n"
         "All 1 subtests passed \n\nTest Summary Report\n-------------------\nt/a.t (Wstat: 256)\n  Failed test:  2\n"
         "Files=5, Tests=6,  1 wallclock secs\nResult: FAIL\n",
         {"t/a.t::adds": "passed", "t/a.t::subs # x": "failed", "t/b.t::g::adds": "passed", "t/b.t::adds": "passed",
          "t/d.t::adds": "passed", "t/d.t": "failed", "t/e.t::adds": "passed", "t/e.t": "failed"}, True),
        ("t/a.t .. \nok 1 - adds\n1..1\nok\nt/b.t .. \n", {"t/a.t::adds": "passed", "t/b.t": "failed"}, False),
    ],
)  # fmt: skip
def test_tap_keeps_names_and_groups(text: str, expected: dict[str, str], met: bool) -> None:
    assert tap(text) == (expected, met)


def test_a_failure_is_told_in_the_lines_behind_it_from_their_end() -> None:
    (first, second, third), _ = parse_tap(
        "1..3\nnot ok 1 - a\n  ---\n  one: 1\n\n   \n  two: 2\n  ...\n# three\nok 2 - b\n# of b\nnot ok 3 - c\n"
        + "# x\n" * TEXT
        + "# last\n"
    )
    assert first.message == "  ---\n  one: 1\n   \n  two: 2\n  ...\n# three"
    assert second.message == ""
    assert (len(third.message), third.message[-10:]) == (TEXT, "# x\n# last")


def test_a_plan_of_a_number_that_nobody_counts_to_is_none() -> None:
    assert tap(f"1..{'9' * 5000}\nok 1 - a\n") == ({"a": "passed"}, False)


@pytest.mark.parametrize(
    "text",
    [
        "{}1..1001\nok 1 - {}\n1..1\n".format("    ok - b\n" * 1001 + "    ", "x" * 100_000),
        "# {}\n{}1..1001\n# pass  1\n".format("x" * 100_000, "ok 1 - b\n" * 1001),
    ],
    ids=["group", "heading"],
)
def test_a_name_that_stands_in_more_tests_than_its_length_allows_is_refused(text: str) -> None:
    with pytest.raises(ToolchainError, match="names of the report's tests are longer"):
        read_tap(text)
