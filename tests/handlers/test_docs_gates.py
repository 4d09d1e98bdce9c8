"""The pages that code decides hold what it says, and the verdicts on examples are read strictly."""

from __future__ import annotations

from bot.documentation.examples import Example, Rewrite
from bot.sandbox.port import CommandResult
from bot.toolchains.port import Completeness, RaisedError, TestCase, TestRun
from handlers.docs.checks import tell_examples
from handlers.docs.example_runs import judge_run
from handlers.docs.gates import DocsChange
from handlers.docs.records import Survey, Target
from tests.documentation.snapshots import of

ENDED = CommandResult(argv=(), exit_code=1, output="", truncated=False, seconds=1, peak_mb=None, ended="exit")
NEW = Rewrite(after=(Example(path="docs/use.md", line=3, kind="script", text="x"),))
REPLACED = Rewrite(after=NEW.after, before=(Example(path="docs/use.md", line=3, kind="script", text="y"),))
LOST = RaisedError(type="ConnectionError", message="refused")


def run(*cases: TestCase, reason: str = "") -> TestRun:
    return TestRun(command="c", cases=cases, result=ENDED, completeness=Completeness(ok=not reason, reason=reason))


def case(side: str, verdict: str, *raised: RaisedError) -> TestCase:
    name = f"test_forgehand_examples.py::Examples::test_{side}_docs_use_md_3"
    return TestCase.model_validate({"id": name, "verdict": verdict, "message": "Gone: x", "raised": raised})


def test_an_example_without_a_verdict_did_not_pass() -> None:
    assert judge_run(run(reason="the run was cut short"), [NEW]).failed == ("docs/use.md:3: the run was cut short",)


def test_a_new_example_that_fails_is_told() -> None:
    told = tell_examples(judge_run(run(case("after", "failed", LOST)), [NEW]))
    assert (told.passed, told.detail) == (False, "docs/use.md:3: Gone: x")


def test_an_example_that_fails_as_the_one_it_replaces_is_told_as_not_shown() -> None:
    told = tell_examples(judge_run(run(case("after", "error", LOST), case("before", "error", LOST)), [REPLACED]))
    assert told.passed
    assert "1 cannot be run here, and could not before: docs/use.md:3" in told.after


def test_an_example_that_fails_in_another_way_than_before_fails() -> None:
    other = RaisedError(type="TypeError", message="no")
    assert judge_run(run(case("after", "error", other), case("before", "error", LOST)), [REPLACED]).failed


def test_a_session_may_fail_where_it_failed_before() -> None:
    was = RaisedError(type="ExampleFailed", message="'get()' raised ConnectError: no\n'old()' raised NameError: old")
    now = RaisedError(type="ExampleFailed", message="'get()' raised ConnectError: no")
    worse = RaisedError(type="ExampleFailed", message="'get()' raised ConnectError: no\n'new()' raised NameError: new")
    told = [
        judge_run(run(case("after", "failed", one), case("before", "failed", was)), [REPLACED]) for one in (now, worse)
    ]
    assert [bool(one.failed) for one in told] == [False, True]


def test_the_page_must_hold_what_code_decides() -> None:
    survey = Survey(target=Target(kind="architecture"), page="docs/architecture.md", required=("flowchart LR\n    a",))
    told = {}
    for text in ("```mermaid\nflowchart LR\n    a\n```\n", "```mermaid\nflowchart LR\n    b\n```\n"):
        change = DocsChange(of({}), of({"docs/architecture.md": text}), ["docs/architecture.md"])
        told[text] = change.required_gate(survey).passed
    assert list(told.values()) == [True, False]


def test_a_change_touches_documentation_alone() -> None:
    change = DocsChange(of({}), of({"shop/new.py": "", "setup.cfg": ""}), ["shop/new.py", "setup.cfg"])
    assert change.code_gate("").detail == "setup.cfg: it is no documentation\nshop/new.py: a module is added or deleted"


def test_comments_may_change_where_the_request_speaks_of_them() -> None:
    change = DocsChange(of({"shop.py": "# old\n"}), of({"shop.py": "# new\n"}), ["shop.py"])
    assert not change.code_gate("shop.py").passed
    assert change.code_gate("Mend the comments of shop.py").passed
