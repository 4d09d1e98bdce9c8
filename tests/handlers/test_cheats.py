"""The table of all gates of the capabilities that change code, each with the test in which a cheat is caught by it.

A gate is a function that returns a ``Gate``, or several. One that is added without such a test fails here, and so does
an entry whose words no assert statement of its test holds.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.asserted import list_asserted

ROOT = Path(__file__).parents[2]
E2E = "tests/e2e"
# what returns gates and judges nothing by itself, or nothing that a model could reach
UNREACHED = {
    ("implement", "_tell_unmeasured"): "it says why nothing was measured",
    ("complete", "gate_migrations"): "it asks `migrations_gate`",
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
            f"{E2E}/test_write_tests.py",
            "test_a_pull_request_gets_a_commit_for_its_changed_lines",
            " is no new test file",
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
        "migrations_gate": (
            f"{E2E}/test_companions.py",
            "test_a_button_writes_the_migration_that_lacks_and_an_empty_one_is_sent_back",
            "hands `Item.name` to a call",
        ),
        **{
            name: (f"{E2E}/test_complete.py", "test_a_stub_that_is_removed_or_filled_in_unseen_is_sent_back", said)
            for name, said in {
                "filled_gate": "was removed rather than filled in",
                "fresh_gate": "durations/write.py:16 in later",
                "noticed_gate": "no new test notices any of",
            }.items()
        },
    },
    "docs": {
        **{
            name: (f"{E2E}/test_docs_cheats.py", "test_a_cheat_is_caught", said)
            for name, said in {
                "code_gate": "its code is altered",
                "defects_gate": "still there: `basket.basket.sum_up`",
                "names_gate": "`grand_total`",
                "passages_gate": "deleted, not mended",
                "evasions_gate": "a condition that never holds",
            }.items()
        },
        "tell_examples": (f"{E2E}/test_docs_cheats.py", "test_a_cheat_is_caught", ":5: "),
        "required_gate": (
            f"{E2E}/test_capability_doors.py",
            "test_pages_that_code_decides_by_command_and_from_a_terminal",
            " lacks, as it is:",
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
        # a rename is made by code, and no model is given a tool to edit with: the gate is called with more than that
        "reproduced_gate": (
            "tests/handlers/test_refactor_gates.py",
            "test_a_codemod_with_another_hunk_is_refused",
            "shop/more.py",
        ),
    },
    "optimize": {
        "cache_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "lru_cache"),
        "surroundings_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "sys.modules"),
        "results_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "inputs differ"),
        "gain_gate": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "no difference shown"),
        "cost_gates": (f"{E2E}/test_optimize.py", "test_no_cheat_of_an_edit_is_published", "the work has only moved"),
    },
}
# gates of every change, and what is asked before any edit: the test, and what it expects to read
BEFORE = {
    "a plan names what is not there": (
        f"{E2E}/test_implement_stories.py",
        "test_a_plan_that_names_what_is_not_there_is_written_again",
        "`durations/units.py` does not exist",
    ),
    "a plan touches a protected path": (
        f"{E2E}/test_implement_stories.py",
        "test_a_plan_that_names_what_is_not_there_is_written_again",
        "is protected (CI, lock files, tool",
    ),
    "a plan passes a requirement over": (
        f"{E2E}/test_implement_stories.py",
        "test_a_plan_that_names_what_is_not_there_is_written_again",
        "No step is for R2.",
    ),
    "a rename is edited by a model": (
        f"{E2E}/test_refactor.py",
        "test_a_rename_is_made_by_the_codemod_and_one_revert_takes_it_back",
        "edit",
    ),
    "a reviewer's objection is passed over": (
        f"{E2E}/test_implement_stories.py",
        "test_a_plan_that_names_what_is_not_there_is_written_again",
        "The README is forgotten.",
    ),
    "an acceptance test passes already": (
        f"{E2E}/test_implement_cheats.py",
        "test_tests_that_pass_already_are_no_acceptance_tests",
        "passes on the unchanged code",
    ),
    "an acceptance test asserts nothing": (
        f"{E2E}/test_implement_cheats.py",
        "test_a_test_without_an_assertion_is_none",
        "These tests assert nothing",
    ),
    "a requirement has no test": (
        f"{E2E}/test_implement_cheats.py",
        "test_a_requirement_without_a_failing_test_is_told",
        "No failing test shows that R2",
    ),
    "a quote is made up": (
        f"{E2E}/test_implement_cheats.py",
        "test_a_quote_that_is_in_no_failure_traces_nothing",
        "could not be matched with a failure",
    ),
    "code is changed before the tests": (
        f"{E2E}/test_implement_cheats.py",
        "test_code_is_not_changed_while_the_tests_are_written",
        "only new test files",
    ),
    "the acceptance tests are left out": (
        f"{E2E}/test_implement_cheats.py",
        "test_the_acceptance_tests_cannot_be_left_out_or_changed",
        "it stays as it ran then",
    ),
    "a requirement is traced to an unrelated test": (
        f"{E2E}/test_implement_cheats.py",
        "test_a_requirement_is_not_traced_to_what_does_not_notice_it",
        "runs none of the lines",
    ),
    "a test of a stub passes on the stub": (
        f"{E2E}/test_complete.py",
        "test_a_draft_is_completed_on_its_branch_and_revised",
        "The test passes on the unchanged code",
    ),
    "a check is silenced": (
        f"{E2E}/test_complete.py",
        "test_a_stub_that_is_removed_or_filled_in_unseen_is_sent_back",
        "silences a check",
    ),
    "a test asserts nothing": (
        f"{E2E}/test_write_tests.py",
        "test_only_cheats_end_without_a_pull_request",
        "notices no fault that was not noticed before",
    ),
    "new tests come with other code": (
        f"{E2E}/test_write_tests.py",
        "test_a_command_brings_tests_that_notice_faults_and_no_others",
        "edit tests/test_old.py",
    ),
    "a test notices nothing new": (
        f"{E2E}/test_write_tests.py",
        "test_a_command_brings_tests_that_notice_faults_and_no_others",
        "notices no fault that was not noticed before",
    ),
    "a test copies the implementation": (
        "tests/handlers/test_write_tests_honesty.py",
        "test_a_copy_under_other_names_is_found",
        "it repeats `total` of shop/prices.py",
    ),
    "a property cannot fail": (
        f"{E2E}/test_write_properties.py",
        "test_a_pair_of_opposites_invites_a_property_where_hypothesis_is_installed",
        "only where the code raises",
    ),
    "an example is not run": (f"{E2E}/test_docs_cheats.py", "test_a_cheat_is_caught", "not to be run"),
    "a test is changed by a refactoring": (
        f"{E2E}/test_refactor.py",
        "test_no_cheat_of_an_edit_is_published",
        "belongs to the tests, which stay as they are",
    ),
    "a rename nobody asked for": (
        f"{E2E}/test_refactor.py",
        "test_only_a_rename_that_was_asked_for_is_made",
        "The request does not name `post.fees.shipping_fee`",
    ),
    "a benchmark measures nothing": (
        f"{E2E}/test_optimize.py",
        "test_no_benchmark_of_something_else_is_used",
        "was called 0 times",
    ),
    "a benchmark caches": (
        f"{E2E}/test_optimize.py",
        "test_no_benchmark_of_something_else_is_used",
        "repeat arguments of an earlier call",
    ),
    "another test breaks": (
        f"{E2E}/test_gates.py",
        "test_a_fix_that_breaks_another_test_is_not_published",
        "test_whole_prices: passed before, failed now",
    ),
    "it passes only sometimes": (
        f"{E2E}/test_gates.py",
        "test_a_fix_that_passes_only_sometimes_is_not_published",
        "::CentsTest::test_cents_count",
    ),
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
        assert any(said in text for text in list_asserted(ROOT / path, test)), f"{path}::{test} asserts no {said!r}"


@pytest.mark.parametrize("cheat", BEFORE)
def test_every_cheat_has_its_test(cheat: str) -> None:
    path, test, said = BEFORE[cheat]
    assert any(said in text for text in list_asserted(ROOT / path, test)), f"{path}::{test} asserts no {said!r}"
