"""What fails and then passes is shown only where it does so each time."""

from __future__ import annotations

from bot.sandbox.port import CommandResult
from bot.toolchains.port import Completeness, TestCase, TestRun, Verdict
from handlers.revert.confirmation import judge
from handlers.revert.records import RevertBrief

ENDED = CommandResult(argv=(), exit_code=1, output="", truncated=False, seconds=1, peak_mb=None, ended="exit")


def run(**verdicts: Verdict) -> TestRun:
    cases = tuple(
        TestCase(id=name.replace("__", "::"), verdict=verdict, phase="call") for name, verdict in verdicts.items()
    )
    return TestRun(command="c", cases=cases, result=ENDED, completeness=Completeness(ok=True))


def test_a_flaky_test_confirms_nothing() -> None:
    bad, good = run(t__a="failed", t__b="failed"), run(t__a="passed", t__b="passed")
    assert judge(["t::a", "t::b"], [bad, bad], [good] * 3).detail == "t::a\nt::b"
    assert judge(["t::a"], [bad, good], [good] * 3).after == "0 of 1 pass, 3 of 3: not confirmed"
    assert judge(["t::a"], [bad, bad], [good, bad, good]).after == "0 of 1 pass, 3 of 3: not confirmed"
    assert judge(["t::gone"], [bad, bad], [good] * 3).passed, "it forbids no revert"


def test_a_file_that_loads_again_confirms_with_all_its_tests() -> None:
    broken = run(t="error")
    assert judge(["t"], [broken], [run(t__a="passed")]).detail == "t"
    assert judge(["t"], [broken], [run(t__a="passed", t__b="failed")]).detail == ""
    assert judge(["t"], [broken], [run(u__a="passed")]).detail == ""


def test_a_revert_of_a_revert_is_named_as_people_name_it() -> None:
    def subject(title: str) -> str:
        return RevertBrief(nonce="", title=title, body="", base_branch="", base_sha="").subject

    assert subject("Add fees") == 'Revert "Add fees"'
    assert subject('Revert "Add fees"') == 'Reapply "Add fees"'
    assert subject('Reapply "Add fees"') == 'Revert "Add fees"'
    assert subject('Reverts "a" and "b"') == 'Revert "Reverts "a" and "b""'
