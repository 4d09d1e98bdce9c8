"""What evidence says of an installation."""

from __future__ import annotations

from bot.change.words import fold_details
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
