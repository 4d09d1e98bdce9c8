"""Evidence as people read it: only what ran, and whole whatever hostile text it carries."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bot.change.records import NO_CLAIMS, Claims, Failure
from bot.git.changes import Changes
from bot.github.text.markers import MAX_BODY
from bot.github.text.outgoing import MAX_TEXT, outgoing
from bot.work.records import CommandRun
from handlers.fix.judge import Counterexample, FixEvidence
from handlers.fix.words import WORDS
from tests.support.evidence import TEST, make_evidence, make_task

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = (
    "`a | b \\| c` | @octocat <img src=x onerror=1> </details><details><summary>x</summary> ```\n```\n| --- |\n"
    "Fixes #99 <!-- forgehand {} --> https://evil.example/x ![p](//evil.example) "
)


def render(text: str) -> str:
    return str(MARKDOWN.render(outgoing(text, closes=12, links=("https://github.com/",))))


def with_proof(evidence: FixEvidence, **given: Any) -> FixEvidence:
    assert evidence.proof is not None
    return evidence.updated(proof=evidence.proof.model_copy(update=given))


def test_a_verified_pull_request() -> None:
    text = WORDS.write_pull(make_evidence())
    assert text.title == "Fix: Cents are lost"
    assert text.body.startswith(
        "Fixes #12.\n\n**Cause.** Cents are dropped.\n**Change.** Cents are added.\n\n| check |"
    )
    assert text.body.split("\n\n")[2].splitlines()[2:] == [
        "| `test_cents_count` (new) | fails: `200 != 250` | passes, 3 of 3 |",
        "| all 3 tests (full suite) | 3 pass | 4 pass |",
        "| pyflakes on the changed files | 0 | none |",
        "| read by a second model call (checker) |  | no failing input found |",
    ]
    assert "Ran in a bubblewrap sandbox without network: `pytest -q`. Cost $0.11, 6 model calls." in text.body
    assert "no protected path is touched, 2 files, 9 lines." in text.body
    assert "- `pip install -e .`: ok, 1 min 15 s" in text.body
    assert "AssertionError: 200 != 250" in text.body
    assert "Not verified" not in text.body
    assert "not passed" not in text.body


def test_nothing_less_than_the_full_suite_is_called_all() -> None:
    evidence = make_evidence()
    assert evidence.baseline is not None
    assert "| all 3 tests (" in WORDS.write_pull(evidence).body
    base = evidence.baseline.model_copy(update={"targets": ("tests/test_basket.py",)})
    assert "| 3 tests (" in WORDS.write_pull(evidence.updated(baseline=base)).body
    base = base.model_copy(update={"verdicts": {base.command: "passed"}})
    assert "| the test command as a whole (" in WORDS.write_pull(evidence.updated(baseline=base)).body


def test_a_weaker_sandbox_is_named() -> None:
    body = WORDS.write_pull(make_evidence(tier="process")).body
    assert "Ran in a plain process, not a sandbox: `pytest -q`." in body
    assert "This tier isolates nothing" in body
    assert "weaker" in body
    assert "without network" not in body


def test_what_did_not_pass_is_in_the_table_and_above_it() -> None:
    evidence = make_evidence(failed={"proof": "passes, 1 of 3", "regressions": "2 pass", "paths": "3 files"})
    assert not evidence.verified
    body = WORDS.write_pull(evidence).body
    assert body.index("**Not verified.**") < body.index("| check |")
    assert "| passes, 1 of 3 |" in body
    assert "| paths |  | 3 files — **not passed** |" in body
    assert "no protected path is touched" not in body
    assert "**not verified**" in WORDS.write_notice(evidence, 13)


def test_a_command_is_shown_whole_however_long_it_is() -> None:
    command = f"pytest -q {' '.join(f'tests/test_part_{number}.py' for number in range(40))}"
    evidence = make_evidence(failed={"regressions": "2 pass"})
    assert evidence.baseline is not None
    assert evidence.report is not None
    setup = (CommandRun(command=command, ok=True, seconds=1.0),)
    first = evidence.updated(baseline=evidence.baseline.model_copy(update={"setup": setup}))
    second = evidence.updated(report=evidence.report.model_copy(update={"command": command}))
    third = evidence.updated(baseline=evidence.baseline.model_copy(update={"command": command}), report=None)
    assert f"`{command}`: ok" in WORDS.write_pull(first).body
    assert f"without network: `{command}`." in WORDS.write_pull(second).body
    for text in (WORDS.write_failure(second), WORDS.write_failure(third)):
        assert f"without network: `{command}`." in text


def test_a_judge_who_objects_is_heard() -> None:
    judged = Counterexample(model="checker", passed=False, reason="cents", failing_input="total(['0.5'])")
    evidence = make_evidence(judgement=judged)
    assert "names a failing input — **not passed**" in WORDS.write_checks(evidence)
    assert "**Not verified.**" in WORDS.write_pull(evidence).body
    assert "A second model names an input that still fails: `total(['0.5'])`" in WORDS.write_failure(evidence)


def test_without_a_fix_it_says_what_it_saw() -> None:
    evidence = make_evidence(failed={"regressions": "2 pass"}, notes=("Two tries did not do it.",))
    text = WORDS.write_failure(evidence)
    assert text.startswith(
        "I could not produce a verified fix, so I opened no pull request.\n\nTwo tries did not do it."
    )
    assert f"What I can show: the new test `{TEST}` fails on the present code; it raises" in text
    assert "def test(): ..." in text
    assert "details of regressions" in text
    assert text.rstrip().endswith("For another attempt, remove the label `ai-bug-fix` and add it again.")


def test_without_anything_it_claims_nothing() -> None:
    nothing = dict.fromkeys(("proof", "report", "baseline", "judgement"))
    evidence = make_evidence(**nothing, claims=NO_CLAIMS, task=make_task(source_label=None))
    text = WORDS.write_failure(evidence)
    assert WORDS.write_checks(evidence) == ""
    for claim in ("What I can show", "Ran in", "| check |", "Cause"):
        assert claim not in text
    assert "Cost $0.11" in text
    assert text.endswith("For another attempt, ask again.")
    asked = WORDS.write_failure(make_evidence(proof=None, report=None, judgement=None))
    assert "If the issue is missing an input" in asked, "only where no test could show the bug"


def test_the_comment_that_notifies() -> None:
    text = WORDS.write_notice(make_evidence(), 13)
    assert text == (
        f"I opened #13 with a fix. The new test `{TEST}` failed before and passes now. Cost $0.11, 6 model calls."
    )


def test_every_new_test_counts_in_the_comment() -> None:
    evidence = with_proof(make_evidence(), tests=(TEST, "t.py::b", "t.py::c"))
    text = WORDS.write_notice(evidence, 13)
    assert f" The new test `{TEST}` and 2 more failed before and pass now. " in text


@pytest.mark.parametrize(
    ("issue", "title"),
    [
        ("[BUG] Cents are lost", "Fix: Cents are lost"),
        ("Bug: cents are lost", "Fix: cents are lost"),
        ("fix: cents", "Fix: cents"),
        ("Bug in the parser", "Fix: Bug in the parser"),
        ("[bug]", "Fix: [bug]"),
        ("Say [bug] twice", "Fix: Say [bug] twice"),
    ],
)
def test_the_title_does_not_say_twice_that_it_is_a_bug(issue: str, title: str) -> None:
    assert WORDS.write_pull(make_evidence(task=make_task(title=issue))).title == title


def test_many_failing_tests_are_counted_and_flaky_ones_named() -> None:
    failures = tuple(Failure(test=f"t.py::test_{n}", phase="call", message="E   boom") for n in range(7))
    evidence = with_proof(make_evidence(), failures=failures)
    assert evidence.report is not None
    flaky = tuple(f"t.py::flaky_{n}" for n in range(12))
    evidence = evidence.updated(report=evidence.report.model_copy(update={"flaky": flaky}))
    body = WORDS.write_pull(evidence).body
    assert "| 3 more new tests | fail | passes, 3 of 3 |" in body
    assert "`t.py::flaky_9` and 2 more." in body


def test_what_the_runner_says_of_the_change_is_told() -> None:
    evidence = make_evidence()
    assert evidence.report is not None
    report = evidence.report.model_copy(update={"notes": ("No build file names `t.c`.",)})
    assert "\n\nNo build file names `t.c`.\n\n" in WORDS.write_pull(evidence.updated(report=report)).body


def test_a_runner_s_own_summary_is_not_taken_for_the_failure() -> None:
    message = "E\nERROR: test_x\nAttributeError: no name\n\nFAILED (errors=1)\nSystem check: no issues."
    failures = (Failure(test="t.py::test_x", phase="call", message=message),)
    table = WORDS.write_checks(with_proof(make_evidence(), failures=failures))
    assert "fails: `AttributeError: no name` |" in table


def test_a_failure_without_words() -> None:
    for message in ("", "\n \n", "E   \n"):
        failures = (Failure(test="t.py::test_x", phase="call", message=message),)
        assert "| `test_x` (new) | fails: `no message` |" in WORDS.write_checks(
            with_proof(make_evidence(), failures=failures)
        )


def test_hostile_words_break_nothing() -> None:
    failures = (Failure(test=f"t.py::test[{HOSTILE}]", phase="call", message=f"E   {HOSTILE}"),)
    evidence = make_evidence(
        task=make_task(title=HOSTILE, source_label="a`b"),
        failed={"size": "many"},
        judgement=Counterexample(
            model="checker",
            passed=False,
            reason="x",
            failing_input=HOSTILE,
            supported=Claims(cause=HOSTILE, change=HOSTILE),
        ),
    )
    evidence = with_proof(evidence, failures=failures, tests=(f"t.py::test[{HOSTILE}]",))
    for text in (WORDS.write_pull(evidence).body, WORDS.write_failure(evidence), WORDS.write_notice(evidence, "x/13")):
        page = render(text)
        assert "<img src=x" not in page
        assert 'src="//' not in page
        assert "<!--" not in page
        assert "@octocat" not in re.sub(r"<code.*?</code>", "", page, flags=re.S)
        assert 'href="' not in page
        assert page.count("<details>") == page.count("</details>") == text.count("\n\n<details><summary>")
    page = render(WORDS.write_pull(evidence).body)
    assert page.count("<table>") == 1
    cells = page.split("<tbody>")[1].split("</tbody>")[0]
    assert cells.count("<td>") == 3 * cells.count("<tr>")
    assert "names a failing input" in cells


def test_very_long_words_keep_the_evidence() -> None:
    long = "x" * 200_000
    failures = (Failure(test=f"t.py::{long}", phase="call", message=f"E   {long}\n{long}"),)
    files = Changes(files={"tests/test_long.py": f"```\n{long}", "tests/test_two.py": long})
    evidence = make_evidence(failed={"regressions": "2 pass"}, task=make_task(title=long))
    evidence = with_proof(evidence, failures=failures, tests=(f"t.py::{long}",), files=files)
    text = WORDS.write_pull(evidence)
    assert len(text.title) < 120
    for body in (text.body, WORDS.write_failure(evidence)):
        assert len(body) < MAX_TEXT < MAX_BODY
        page = render(body)
        assert page.count("<details>") == page.count("</details>") > 0
        assert "2 pass</td>" in page
    assert "remove the label" in render(WORDS.write_failure(evidence))
