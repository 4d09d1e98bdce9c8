"""The table itself: nobody shrinks the suite unseen, and no two cases are the same."""

from __future__ import annotations

from tests.injection.cases import DOORS, SAID, TRIED


def test_there_are_enough_cases_and_all_differ() -> None:
    assert len(TRIED) >= 58
    assert len(SAID) >= 30
    assert len(DOORS) >= 24
    texts = [case.text for case in (*TRIED, *SAID)]
    assert len(set(texts)) == len(texts)
    assert len({case.text for case in DOORS}) >= len(DOORS) - 4, "the same words by others, or in another place"
    assert {case.where for case in (*TRIED, *SAID)} >= {
        "issue", "comment", "file", "guideline", "pull", "diff", "head guideline", "head policy", "commit message",
        "branch", "file name", "thread", "stranger's thread", "log", "annotation", "question", "edited comment",
    }  # fmt: skip
