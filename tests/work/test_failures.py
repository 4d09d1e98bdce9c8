"""What a model is told of failed tests: all of each, and nothing twice."""

from __future__ import annotations

from bot.toolchains.port import TestCase
from bot.work.failures import cut_middle, list_messages, summarise
from bot.work.toolset import show_cases

LISTING = (
    "    def test_it(one):\n        spam = one\n>       assert spam == 3\nE       assert {} == 3\n\ntests/test_a.py:3: "
)


def message(value: int) -> str:
    return f"AssertionError: assert {value} == 3\n{LISTING.format(value)}AssertionError"


def test_the_code_of_a_function_is_told_once_and_every_parameters_own_words() -> None:
    failures = [(f"tests/test_a.py::test_it[{value}]", message(value)) for value in (1, 2)]
    failures.append(("tests/test_b.py::test_it[1]", message(1)))
    assert list_messages(failures) == [message(1), "assert 2 == 3", message(1)]
    assert list_messages([("tests/test_a.py::test_it", message(1)), ("tests/test_a.py::test_other", "no E line")]) == [
        message(1),
        "no E line",
    ]


def test_a_run_shows_how_each_of_its_tests_failed() -> None:
    cases = [TestCase(id=f"t.py::test_it[{value}]", verdict="failed", message=message(value)) for value in range(5)]
    shown = show_cases("Your test", cases)
    assert shown.count("spam = one") == 1
    for value in range(5):
        assert f"--- t.py::test_it[{value}] (failed in call)\n" in shown
        assert f"assert {value} == 3" in shown


def test_a_failure_in_one_line() -> None:
    assert summarise(message(2)) == "assert 2 == 3"
    assert summarise("ValueError: no\n    at f (a.js:1:2)\nmore") == "ValueError: no"
    assert summarise("a_test.go:27: \n    have: 3\n    want: 4\n") == "a_test.go:27: have: 3 want: 4"
    assert summarise("\n".join(map(str, range(50)))) == "49"
    assert summarise("") == ""
    frames = "".join(f"\tmain.go:{line}\n" for line in range(20))
    panic = "panic: index out of range [recovered]\n\tpanic: index out of range\n\ngoroutine 1 [running]:\n"
    assert summarise(panic + frames) == "panic: index out of range [recovered]"


def test_both_ends_of_a_long_message_are_kept() -> None:
    assert cut_middle("short", 10) == "short"
    assert cut_middle("head" + "x" * 50 + "tail", 10) == "headx\n[...]\nxtail"


def test_brackets_in_the_name_of_a_subtest_are_no_parameters() -> None:
    failures = [(f"a_test.go::TestKeys/[{name}]", f"have: x\nwant: {name}") for name in "ab"]
    assert list_messages(failures) == [text for _, text in failures]
