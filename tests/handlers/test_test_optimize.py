"""The order of a suite: most new faults a second first, then lines; redundant tests named."""

from __future__ import annotations

from bot.mutation.records import Mutant, RecordedTest, Survey
from handlers.test_optimize.ordering import Order, name_redundant, order_suite
from handlers.test_optimize.words import write_report


def suite(**tests: tuple[float, str, tuple[int, ...]]) -> Survey:
    """Tests by name: seconds, the letters of the faults they catch, the lines they run."""
    letters = sorted({letter for _, faults, _ in tests.values() for letter in faults})
    told = {"path": "a.py", "line": 1, "function": "f", "kind": "number", "before": "1", "after": "2"}
    return Survey(
        tests=tuple(
            RecordedTest(id=f"t.py::{name}", outcome="passed", seconds=seconds, lines={"a.py": lines})
            for name, (seconds, _, lines) in tests.items()
        ),
        mutants=(
            *(
                Mutant(
                    id=letter,
                    verdict="killed",
                    kills=tuple((f"t.py::{name}", "failed") for name, test in tests.items() if letter in test[1]),
                    **told,
                )
                for letter in letters
            ),
            Mutant(id="alive", verdict="survived", **told),
        ),
    )


def names(order: Order) -> list[str]:
    return [test.test.removeprefix("t.py::") for test in order.tests]


def test_most_new_faults_a_second_come_first() -> None:
    order = order_suite(suite(slow=(10.0, "abcd", ()), fast=(0.1, "ab", ()), other=(0.1, "c", ())))
    assert names(order) == ["fast", "other", "slow"]
    assert [test.new_faults for test in order.tests] == [2, 1, 1]
    assert (order.faults, order.judged) == (4, 5)


def test_what_a_test_adds_shrinks_as_others_come_before_it() -> None:
    order = order_suite(suite(twin=(0.2, "abc", ()), first=(0.1, "abc", ()), own=(1.0, "d", ())))
    assert names(order) == ["first", "own", "twin"]


def test_lines_decide_where_no_fault_is_new() -> None:
    order = order_suite(suite(a=(1.0, "a", (1,)), few=(1.0, "", (1, 2)), many=(1.0, "", (2, 3, 4))))
    assert names(order) == ["a", "many", "few"]
    assert [test.test for test in name_redundant(order)] == ["t.py::few"]


def test_a_selection_is_the_shortest_beginning_that_catches_enough() -> None:
    order = order_suite(suite(a=(0.1, "abcdefgh", ()), b=(1.0, "i", ()), c=(1.0, "j", ()), d=(1.0, "", ())))
    assert len(order.select(0.8)) == 1
    assert len(order.select(0.9)) == 2
    assert len(order.select(1.0)) == 3


def test_failing_tests_have_no_place_in_it() -> None:
    survey = suite(a=(0.1, "a", ()))
    failing = RecordedTest(id="t.py::bad", outcome="failed", seconds=1.0, lines={})
    assert names(order_suite(survey.model_copy(update={"tests": (*survey.tests, failing)}))) == ["a"]


def test_the_report_names_order_selection_and_redundant_tests() -> None:
    text = write_report(order_suite(suite(a=(0.5, "ab", (1,)), b=(0.5, "", (1,)))), "a.py")
    assert text.startswith("2 tests that pass take 1.0 s of processor time and catch 2 of 3 small faults in a.py.")
    assert "| 100% of what is caught | 1 | 50% of the time |" in text
    assert "Redundant, without a fault or line of their own: 1 test (0.5 s)" in text
    assert "pytest t.py::a" in text
