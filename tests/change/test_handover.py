"""The five parts of a change, told by its gates."""

from __future__ import annotations

from bot.change.handover import tell_parts
from bot.change.records import Gate
from tests.support.evidence import make_evidence


def test_a_gate_of_the_recipe_tells_the_parts_that_it_measured() -> None:
    evidence = make_evidence()
    assert evidence.report is not None
    assert not tell_parts(evidence).performance.measured
    told = Gate(name="gain", passed=True, parts={"performance": "1.4 times faster.", "tests": "2 mutants more."})
    report = evidence.report.model_copy(update={"gates": (*evidence.report.gates, told)})
    parts = tell_parts(evidence.updated(report=report))
    assert (parts.performance.measured, parts.performance.text) == (True, "1.4 times faster.")
    assert "2 mutants more." in parts.tests.text
    assert "1 new test fails without the change" in parts.tests.text
