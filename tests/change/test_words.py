"""What evidence says of an installation, and of lines that no test ran."""

from __future__ import annotations

from bot.change.records import Unrun
from bot.change.words import fold_details, list_quiet_gates
from bot.work.records import Reused
from tests.support.evidence import make_evidence


def test_an_environment_of_an_earlier_task_is_told_with_when_and_what_for() -> None:
    evidence = make_evidence()
    assert evidence.baseline is not None
    assert "Not anew" not in fold_details(evidence)
    base = evidence.baseline.model_copy(update={"reused": Reused(base_sha="abcdef0123456789", made=1_796_000_000.0)})
    told = fold_details(evidence.updated(baseline=base))
    assert "Not anew: installed on 2026-11-30 00:53 UTC for commit abcdef01, and nothing that decides it" in told
    assert "`pip install -e .`: ok, 1 min 15 s" in told


def test_lines_that_no_test_ran_are_named_by_file() -> None:
    evidence = make_evidence()
    report = evidence.report
    assert report is not None
    assert "No test ran" not in list_quiet_gates(report)
    lines = {"src/cache.go": (41, 42, 43, 50), **{f"src/{number}.go": (number,) for number in range(1, 7)}}
    told = list_quiet_gates(report.model_copy(update={"unrun": Unrun(lines=lines)}))
    files = "`src/cache.go` 41–43, 50, `src/1.go` 1, `src/2.go` 2, `src/3.go` 3, `src/4.go` 4 and 2 more"
    assert told.endswith(f" No test ran these changed lines, counted in the tests' own processes: {files}.")
    doubt = report.model_copy(update={"unrun": Unrun(reason="`a` did not pass while lines were counted.")})
    assert "Not known: `a` did not pass while lines were counted." in fold_details(evidence.updated(report=doubt))
    assert "No test ran" not in list_quiet_gates(doubt)
