"""The table of all gates of the capabilities that change code, each with the test in which a cheat is caught by it.

A gate is a function that returns a ``Gate``, or several. One that is added without such a test fails here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
E2E = "tests/e2e"
# what returns gates and judges nothing by itself, or nothing that a model could reach
UNREACHED = {
    ("implement", "_tell_unmeasured"): "it says why nothing was measured",
    ("docs", "judge"): "it asks the other gates",
    ("docs", "_gate"): "it is the form of the others",
    ("docs", "_run"): "it asks `tell_examples`",
    ("refactor", "_read_gates"): "it asks the other gates",
    ("refactor", "_compare_tests"): "it asks the other gates",
    ("refactor", "gate_rename"): "it asks the other gates",
    ("refactor", "_api_gate"): "it reads what the codemod made by itself, which the gate before it has made again",
}
# by capability: the gate, where the test stands, and what it expects to read of the cheat
GATES: dict[str, dict[str, tuple[str, str, str]]] = {
    "test": {
        "new_tests_gate": (
            "tests/handlers/test_write_tests_gates.py",
            "test_nothing_but_new_tests_may_change",
            "",
        ),
        "honesty_gate": (
            f"{E2E}/test_write_tests.py",
            "test_only_cheats_end_without_a_pull_request",
            "it swallows every",
        ),
        "judge_survey": (
            f"{E2E}/test_write_tests.py",
            "test_a_command_brings_tests_that_notice_faults_and_no_others",
            "notices no fault that was not noticed before",
        ),
        "fuzz_gate": (
            f"{E2E}/test_write_properties.py",
            "test_a_fuzz_target_is_seeded_and_swallows_nothing",
            "No new test draws its input",
        ),
    },
    "implement": {
        "companions_gate": (
            f"{E2E}/test_implement_cheats.py",
            "test_the_entry_that_changes_bring_here_is_not_left_out",
            "1 thing left undone",
        ),
        "judge_traces": (
            "tests/handlers/test_implement_traces.py",
            "test_a_test_must_notice_what_was_added",
            "only where the code raises",
        ),
        "trace_gate": (
            f"{E2E}/test_implement_cheats.py",
            "test_a_requirement_is_not_traced_to_what_does_not_notice_it",
            "requirements traced to tests",
        ),
    },
    "complete": {
        name: (f"{E2E}/test_complete.py", "test_a_stub_that_is_removed_or_filled_in_unseen_is_sent_back", said)
        for name, said in {
            "filled_gate": "was removed rather than filled in",
            "fresh_gate": "what is newly left open",
            "noticed_gate": "no new test notices any of",
        }.items()
    },
    "docs": {
        **{
            name: (f"{E2E}/test_docs_cheats.py", "test_a_cheat_is_caught", said)
            for name, said in {
                "code_gate": "its code is altered",
                "defects_gate": "still there: `basket.basket.sum_up`",
                "names_gate": "a name is invented",
                "passages_gate": "deleted, not mended",
                "evasions_gate": "a condition that never holds",
            }.items()
        },
        "tell_examples": (f"{E2E}/test_docs_cheats.py", "test_a_cheat_is_caught", "the example fails"),
        "required_gate": (
            f"{E2E}/test_capability_doors.py",
            "test_pages_that_code_decides_by_command_and_from_a_terminal",
            "basket.gone",
        ),
    },
    "refactor": {
        "python_gate": (f"{E2E}/test_refactor.py", "test_no_cheat_of_an_edit_is_published", "post/page.js is neither"),
        "api_gate": (f"{E2E}/test_refactor.py", "test_no_cheat_of_an_edit_is_published", "(documented)"),
        "goal_gate": (f"{E2E}/test_refactor.py", "test_no_cheat_of_an_edit_is_published", "4 before, 6 now"),
        "mutants_gate": (
            f"{E2E}/test_refactor.py",
            "test_no_cheat_of_an_edit_is_published",
            "is not noticed by any test",
        ),
        "untested_gate": (
            f"{E2E}/test_refactor.py",
            "test_code_that_no_test_runs_may_move_but_not_change",
            "and it was changed",
        ),
        "first_tests_gate": (
            f"{E2E}/test_refactor.py",
            "test_without_tests_they_are_written_first_and_the_result_is_revised",
            "on the unchanged code",
        ),
        "reproduced_gate": (
            "tests/handlers/test_refactor_gates.py",
            "test_a_codemod_with_another_hunk_is_refused",
            "smuggled",
        ),
    },
    "optimize": {
        "cache_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "lru_cache"),
        "surroundings_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "sys.modules"),
        "results_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "inputs differ"),
        "gain_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "no difference shown"),
        "cost_gates": (
            "tests/benchmarking/test_measurement.py",
            "test_work_moved_before_the_clock_is_seen",
            "",
        ),
    },
}
# gates of every change, and what is asked before any edit
BEFORE = {
    "a plan names what is not there": (f"{E2E}/test_implement_stories.py", "`durations/units.py` does not exist"),
    "a reviewer's objection is passed over": (f"{E2E}/test_implement_stories.py", "The README is forgotten."),
    "an acceptance test passes already": (f"{E2E}/test_implement_cheats.py", "passes on the unchanged code"),
    "an acceptance test asserts nothing": (f"{E2E}/test_implement_cheats.py", "These tests assert nothing"),
    "a requirement has no test": (f"{E2E}/test_implement_cheats.py", "No failing test shows that R2"),
    "a quote is made up": (f"{E2E}/test_implement_cheats.py", "could not be matched with a failure"),
    "code is changed before the tests": (f"{E2E}/test_implement_cheats.py", "only new test files"),
    "the acceptance tests are left out": (f"{E2E}/test_implement_cheats.py", "it stays as it ran then"),
    "a requirement is traced to an unrelated test": (f"{E2E}/test_implement_cheats.py", "runs none of the lines"),
    "a test of a stub passes on the stub": (f"{E2E}/test_complete.py", "The test passes on the unchanged code"),
    "a check is silenced": (f"{E2E}/test_complete.py", "silences a check"),
    "a test asserts nothing": (f"{E2E}/test_write_tests.py", 'CHEATS["assert True"]'),
    "new tests come with other code": (f"{E2E}/test_write_tests.py", 'f"edit {TARGET}", "edit tests/test_old.py"'),
    "a test notices nothing new": (f"{E2E}/test_write_tests.py", "notices no fault that was not noticed before"),
    "a test copies the implementation": ("tests/handlers/test_write_tests_honesty.py", "test_a_copy_under_other_names"),
    "a property cannot fail": (f"{E2E}/test_write_properties.py", "only where the code raises"),
    "an example is not run": (f"{E2E}/test_docs_cheats.py", "the example skips"),
    "a test is changed by a refactoring": (f"{E2E}/test_refactor.py", "deletion(TEST)"),
    "a rename nobody asked for": (f"{E2E}/test_refactor.py", "The request does not name `post.fees.shipping_fee`"),
    "a benchmark measures nothing": (f"{E2E}/test_optimize.py", "was called 0 times"),
    "a benchmark caches": (f"{E2E}/test_optimize.py", "repeat arguments of an earlier call"),
    "another test breaks": (f"{E2E}/test_gates.py", "test_a_fix_that_breaks_another_test_is_not_published"),
    "it passes only sometimes": (f"{E2E}/test_gates.py", "test_a_fix_that_passes_only_sometimes_is_not_published"),
}


def list_gates(capability: str) -> set[str]:
    """The names of a capability's gates."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "handlers" / capability).glob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns]
    return {one.name for one in functions if ast.unparse(one.returns or one) in {"Gate", "list[Gate]"}}


@pytest.mark.parametrize("capability", GATES)
def test_every_gate_has_a_test_in_which_a_cheat_is_caught(capability: str) -> None:
    unreached = {name for owner, name in UNREACHED if owner == capability}
    assert list_gates(capability) == set(GATES[capability]) | unreached
    for path, test, said in GATES[capability].values():
        text = (ROOT / path).read_text()
        assert f"def {test}(" in text
        assert said in text


@pytest.mark.parametrize("cheat", BEFORE)
def test_every_cheat_has_its_test(cheat: str) -> None:
    path, said = BEFORE[cheat]
    assert said in (ROOT / path).read_text()
