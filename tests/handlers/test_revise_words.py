"""A pull request's text after a revision has the new commit's evidence.

And nothing more.
"""

from __future__ import annotations

from typing import Any

from bot.change.records import Claims, Failure, PullEnds
from bot.work.origin import Subject
from bot.work.records import Cost
from handlers.revise.records import (
    Answers,
    Demand,
    DemandAnswer,
    PublishedRevision,
    Reproof,
    ReviseInput,
    RevisionBrief,
    RevisionEvidence,
    RevisionTask,
)
from handlers.revise.words import write_evidence, write_result
from tests.support.evidence import MESSAGE, TEST, make_evidence

SHA = "c" * 40
SHOWN = Reproof(size="14 lines in 2 files", failures=(Failure(test=TEST, phase="call", message=MESSAGE),), runs=3)
ASKED = (Demand(author="mara", text="Name it."),)


CLAIMS = Claims(change="CENTS has a name.")


def revised(**given: Any) -> RevisionEvidence:
    """A revision after which everything holds, of a pull request that was opened with a verified fix."""
    was = make_evidence()
    asked = ReviseInput(text=given.get("text", "Name it."), checks=given.get("checks", False))
    subject = Subject(kind="pull", number=13)
    task = RevisionTask(repository=was.task.repository, subject=subject, origin=was.task.origin, input=asked)
    ends = PullEnds(branch="b", ours=True)
    about = was.brief.model_copy(update={"pull": ends})
    return RevisionEvidence(
        task=task,
        brief=RevisionBrief(**dict(about), demands=ASKED, unverified=given.get("unverified", False)),
        baseline=was.baseline,
        report=was.report,
        judgement=Answers(
            model="m", passed=True, supported=CLAIMS, answers=(DemandAnswer(met=True, why="It has a name."),)
        ),
        cost=Cost(dollars=0.02, calls=1),
    )


def test_the_evidence_is_that_of_the_new_commit() -> None:
    parts = write_evidence(revised(), SHOWN, SHA).split("\n\n")
    assert parts[0].startswith(f"**Revised** in {SHA}, as mara asked: CENTS has a name. Cause and change above")
    assert parts[1].splitlines()[2:] == [
        "| `test_cents_count` (new) | fails without the change: `200 != 250` | passes, 3 of 3 |",
        "| all 3 tests (full suite) | 3 pass | 4 pass |",
        "| pyflakes on the changed files | 0 | none |",
    ]
    assert parts[2].endswith("2 files, 9 lines. The whole pull request is 14 lines in 2 files.")
    assert parts[3].startswith("The second model checked only the first version")
    assert parts[4].endswith("Cost of the revision: $0.02, 1 model call.")
    assert "not proved" not in write_evidence(revised(), SHOWN, SHA).lower()


def test_what_is_not_shown_any_more_is_not_claimed() -> None:
    gone = Reproof(size="3 lines in 1 file", problem="The pull request adds no test, so nothing was measured again.")
    for text in (write_evidence(revised(), gone, SHA), write_result(revised(), gone, PublishedRevision(sha=SHA))):
        assert "**No longer proved.** The pull request adds no test, so nothing was measured again.\n" in text
        assert "(new)" not in text


def test_who_asked_and_what_was_never_verified() -> None:
    text = write_evidence(revised(text="", checks=True, unverified=True), SHOWN, SHA)
    assert text.startswith(f"**Revised** in {SHA}, because its checks failed: ")
    assert "**Not verified** when it was opened" in text
    assert "It read the first version." not in text
