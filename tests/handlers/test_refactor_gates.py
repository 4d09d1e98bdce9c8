"""Cheats that the gates of a refactoring must catch, and honest work that they must let pass."""

from __future__ import annotations

from collections import Counter

import pytest

from bot.codemod.dangling import find_dangling
from bot.codemod.rename import Codemod
from bot.codemod.target import Rename
from bot.git.changes import Changes
from bot.mutation.records import Mutant, MutantVerdict, RecordedTest, Survey
from bot.surface.comparison import compare
from bot.surface.measures import Measure
from handlers.refactor import coverage, gates
from handlers.refactor.records import Goal
from handlers.refactor.renaming import Made, reproduced_gate
from tests.change.test_proof_rules import case, run
from tests.codemod.trap import FILES

TOTAL = Rename(old="shop.cart.total", new="shop.cart.sum_up")
PACKAGE = {
    "shop/__init__.py": "from shop.cart import total\n__all__ = ['total']\n",
    "shop/cart.py": "LIMIT = 5\n_STEP = 2\ndef total(cart, tax=1): return helper(cart)\n"
    "def helper(cart, deep=False): return 1\n",
    "shop/view.py": "from shop import cart\ndef show(): return cart.helper(1)\n",
}


def judged(**texts: str) -> tuple[bool, str]:
    """What the API gate says of the package with other texts."""
    after = {**PACKAGE, **{f"shop/{name}.py": text for name, text in texts.items()}}
    found = compare(PACKAGE, after)
    removed = [change.name for change in found.changes if change.fact == "removed"]
    gate = gates.api_gate(found, find_dangling(PACKAGE, after, removed))
    return gate.passed, gate.detail


def edited(old: str, new: str) -> str:
    assert old in PACKAGE["shop/cart.py"]
    return PACKAGE["shop/cart.py"].replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tax=1", "tax=2", "shop.total: default of tax: 1 -> 2 (documented)"),
        ("def total(cart, tax=1)", "def total(cart)", "(documented)"),
        ("deep=False", "deep=True", "shop.cart.helper: default of deep: False -> True (internal)"),
        ("LIMIT = 5", "LIMIT = 6", "shop.cart.LIMIT: value: 5 -> 6 (internal)"),
        ("LIMIT = 5", "LIMIT = int('6')", "(internal)"),
        ("_STEP = 2", "_STEP = 3", "shop.cart._STEP: value: 2 -> 3 (private)"),
        ("def helper(cart, deep=False): return 1\n", "", "shop/view.py uses shop.cart.helper, which is gone"),
    ],
)
def test_a_changed_promise_is_no_refactoring(old: str, new: str, said: str) -> None:
    passed, detail = judged(cart=edited(old, new))
    assert not passed
    assert said in detail


def test_what_is_internal_may_move_if_all_uses_follow() -> None:
    moved = "def helper(cart, deep=False): return 1\n"
    cart = "from shop.helping import helper\n" + edited(moved, "")
    assert judged(cart=cart, helping=moved) == (True, "")
    view = "from shop import helping\ndef show(): return helping.helper(1)\n"
    cart = "from shop import helping\n" + edited(moved, "").replace("helper(cart)", "helping.helper(cart)")
    assert judged(cart=cart, helping=moved, view=view) == (True, "")
    passed, detail = judged(cart=cart, helping=moved)
    assert not passed
    assert "shop/view.py uses shop.cart.helper, which is gone" in detail


def mutant(before: str, after: str, verdict: MutantVerdict, kind: str = "number") -> Mutant:
    return Mutant(id=before, path="a.py", line=1, function="f", kind=kind, before=before, after=after, verdict=verdict)


def test_a_fault_that_was_noticed_must_be_noticed() -> None:
    was = Survey(mutants=(mutant("a + b", "a - b", "killed"), mutant("1", "2", "survived")))
    now = Survey(mutants=(mutant("a + b", "a - b", "survived"), mutant("3", "4", "killed")))
    gate = gates.mutants_gate(was, now)
    assert not gate.passed
    assert gate.detail == "`a + b` as `a - b` in a.py:1 was noticed by the tests, and is not any more"


def test_new_code_may_not_be_noticed_less_than_the_old() -> None:
    was = Survey(mutants=(*[mutant(str(one), "0", "killed") for one in range(9)], mutant("x", "y", "survived")))
    more = [mutant(f"new {one}", "0", "survived") for one in range(3)]
    assert not gates.mutants_gate(was, Survey(mutants=(*was.mutants, *more))).passed
    assert gates.mutants_gate(was, Survey(mutants=was.mutants[5:])).passed, "what is shorter has fewer faults"
    assert gates.mutants_gate(was, Survey(mutants=was.mutants)).passed


def test_a_measurement_that_was_cut_short_proves_nothing() -> None:
    assert not gates.mutants_gate(Survey(), Survey(problem="The measurement was cut short.")).passed


def test_code_that_no_test_runs_is_held_to_its_words() -> None:
    text = "def f(a):\n    if a:\n        return 1\n    raise ValueError(a)\n"
    seen = Survey(tests=(RecordedTest(id="t", outcome="passed", seconds=0.1, lines={"a.py": (2, 3)}),))
    names = {"a.py": ("f",)}
    unrun = coverage.count_unrun({"a.py": text}, names, seen)
    assert unrun == Counter({"raise ValueError(a)": 1})
    moved = "def g(a):\n    raise ValueError(a)\n\ndef f(a):\n    return 1 if a else g(a)\n"
    assert gates.untested_gate(unrun, coverage.count_all({"b.py": moved}, {"b.py": ("f", "g")})).passed
    changed = gates.untested_gate(
        unrun, coverage.count_all({"b.py": moved.replace("Value", "Type")}, {"b.py": ("f", "g")})
    )
    assert not changed.passed
    assert "no test runs `raise ValueError(a)`, and it was changed" in changed.detail


@pytest.mark.parametrize(("after", "passed"), [(3, True), (4, False), (5, False), (None, False)])
def test_the_named_figure_must_be_lower(after: int | None, passed: bool) -> None:
    goal = Goal(measure=Measure.BRANCHES, function="f", before=4)
    assert gates.goal_gate(goal, 4, after).passed is passed


def test_what_cannot_be_compared_is_not_published() -> None:
    assert not gates.python_gate(["shop/page.js"], []).passed
    assert not gates.python_gate([], ["shop/new_syntax.py"]).passed
    assert gates.python_gate([], []).passed


def test_what_was_written_first_must_pass_on_the_unchanged_code() -> None:
    assert gates.first_tests_gate(run(case("", verdict="passed"))).passed
    gate = gates.first_tests_gate(run(case("AssertionError")))
    assert not gate.passed
    assert "A test that does not pass there does not say what the code did." in gate.detail
    assert "no usable result" in gates.first_tests_gate(run()).detail


def test_a_codemod_with_another_hunk_is_refused() -> None:
    made = Codemod(FILES, TOTAL).changes()
    again = Made(changes=made)
    assert reproduced_gate(again, made, TOTAL).passed
    text = made.files["shop/star.py"]
    assert text is not None
    smuggled = made.model_copy(update={"files": {**made.files, "shop/star.py": text + "\nimport os\n"}})
    one_more = Changes(files={**made.files, "shop/more.py": "x = 1\n"})
    one_less = made.without(frozenset(["shop/star.py"]))
    for changes, named in ((smuggled, "shop/star.py"), (one_more, "shop/more.py"), (one_less, "shop/star.py")):
        gate = reproduced_gate(again, changes, TOTAL)
        assert not gate.passed
        assert gate.detail == named
    assert not reproduced_gate(Made(problem="It is taken."), made, TOTAL).passed
