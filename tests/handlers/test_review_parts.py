"""What a review says of the five parts: who read for them, what was found, what was not read."""

from __future__ import annotations

from bot.analysis.records import Analysis, ToolRun
from bot.pulls.records import CoverageGap, Finding, NearestTests, PlacedFinding, ReviewResult, Verdict
from bot.work.results import NOT_MEASURED
from handlers.review.parts import tell_parts


def result(**given: object) -> ReviewResult:
    return ReviewResult.model_validate({"head_sha": "a" * 40, "merge_base": "b" * 40, "rules": "", **given})


def test_what_nobody_read_is_not_measured() -> None:
    parts = tell_parts(result(read=False, readings=2, models=("thinker",)))
    assert {getattr(parts, name) for name in type(parts).model_fields} == {NOT_MEASURED}


def test_each_part_has_its_own_findings_and_its_own_evidence() -> None:
    slow = Finding(path="a.py", quote="x", severity="risk", concern="performance", title="Quadratic", claim="c")
    shaky = slow.model_copy(update={"concern": "docs", "title": "A guess"})
    proved = Verdict(fate="verified", reason="")
    read = result(
        readings=2,
        models=("thinker", "checker"),
        inline=(PlacedFinding(finding=slow, verdict=proved),),
        folded=(PlacedFinding(finding=shaky),),
        missed=(CoverageGap(concerns=("security",), paths=("b.py",), reason="out of money"),),
        unread={"c.py": "too large"},
        nearest=NearestTests(command="pytest tests/test_a.py", passing=3),
        static=Analysis(ran=(ToolRun(tool="bandit", version="1.9", command="bandit", seconds=1, files=2),)),
    )
    parts = tell_parts(read)
    by = "Read by thinker, checker:"
    assert parts.implementation.text == f"{by} 0 new findings. Not read for this: c.py (too large)."
    assert parts.performance.text == (f"{by} 1 new finding (risk: Quadratic). Not read for this: c.py (too large).")
    assert parts.documentation.text.startswith(f"{by} 0 new findings."), "what is not proved is no finding"
    assert parts.tests.text.startswith(
        f"{by} 0 new findings. Nearest tests (pytest tests/test_a.py): 3 pass without the change and with it."
    )
    assert parts.security.text == (
        f"{by} 0 new findings. Analysers that ran: bandit 1.9. "
        "Not read for this: c.py (too large), b.py (out of money)."
    )
