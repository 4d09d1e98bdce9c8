"""Demands in a review, and the subject of the commit that meets them."""

from __future__ import annotations

import pytest

from bot.change.head_commit import subject
from bot.change.recipe import Rules
from bot.change.records import GateReport, PullEnds
from bot.git.changes import Changes
from bot.github.resources.threads import Thread, ThreadComment
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Subject
from handlers import TASKS
from handlers.revise.demands import waits
from handlers.revise.records import (
    Answers,
    Demand,
    DemandAnswer,
    ReviseInput,
    RevisionBrief,
    RevisionEvidence,
    RevisionTask,
    is_publishable,
    pair_answers,
)


def thread(*said: tuple[str, str], resolved: bool = False) -> Thread:
    comments = tuple(
        ThreadComment(
            id=number,
            body=body,
            author=author,
            author_id=number,
            is_bot=author.endswith("[bot]"),
            association="NONE",
            created_at="2026-11-21T08:00:00Z",
        )
        for number, (author, body) in enumerate(said, 1)
    )
    return Thread(
        id="T",
        path="a.py",
        line=1,
        start_line=None,
        original_line=1,
        side="RIGHT",
        resolved=resolved,
        resolved_by=None,
        outdated=False,
        comments=comments,
    )


NAMES = {name: rule.text for name, rule in TASKS.schema.commands.items()}


@pytest.mark.parametrize(
    ("body", "waiting"),
    [
        ("Please rename it.", True),
        ("/etc/hosts is no good place", True),
        ("@ann is right, rename it", True),
        ("@ben is right: the name lies", True),
        ("/tmp is hard-coded here", True),
        ("/usr", True),
        # words like a command's, and our own name, in front of a sentence
        ("/reviews returns 500 for drafts", True),
        ("/helper is unused now", True),
        ("/statuses\n\nis not cached", True),
        ("@forgehand please rename this", True),
        ("@forgehand the null check is missing here", True),
        ("@forgehand\nThe null check is missing.", True),
        ("@forgehand", False),
        ("/reveiw", False),
        ("/status is wrong here", True),
        ("/status returns 500", True),
        ("/review drops the last page", True),
        ("@forgehand status returns 500 without a task", True),
        ("/cancel\n\nleaves the lock behind", True),
        ("/review full", False),
        ("/review\n/status", False),
        ("/status\n/revise rename it\n\nand its test", False),
        ("/help status", False),
        ("/ignore the caller checks", False),
        ("> /fix\n\nNo, rename it.", True),
        ("`/fix` does not help here", True),
        ("Rename it.\n/ask Why?", True),
        ("/fiix it", False),
        ("@forgehand[bot] why?", False),
        ("/ask Why is it named so?", False),
        ("\n@forgehand explain", False),
    ],
)
def test_a_comment_waits_for_a_revision_unless_it_is_a_command(body: str, waiting: bool) -> None:
    assert waits(thread(("mara", body)), "mara", "forgehand", NAMES) is waiting


def test_a_slash_is_a_word_where_only_the_name_is_answered() -> None:
    assert waits(thread(("mara", "/fix the loop")), "mara", "forgehand", {})
    assert not waits(thread(("mara", "@forgehand fix the loop")), "mara", "forgehand", {})


def test_what_was_answered_or_settled_does_not_wait() -> None:
    asked = ("mara", "Please rename it.")
    assert not waits(thread(asked, ("forgehand[bot]", "Done.")), "mara", "forgehand", NAMES)
    assert waits(thread(asked, ("forgehand[bot]", "Not done."), ("mara", "Still.")), "mara", "forgehand", NAMES)
    assert not waits(thread(asked, resolved=True), "mara", "forgehand", NAMES)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("CENTS has a name", "CENTS has a name"),
        (
            "`Blueprint.register` raises `ValueError` for an empty `name`, which a new test covers",
            "`Blueprint.register` raises `ValueError` for an empty `name`",
        ),
        ("word " * 30, "word word word word word word word word word word word word word word…"),
        ("b" * 100, "b" * 71 + "…"),
    ],
)
def test_a_subject_ends_with_a_clause_or_a_word(text: str, line: str) -> None:
    assert subject(text) == line


def revised(*pairs: tuple[Demand, DemandAnswer]) -> RevisionEvidence:
    wanted = RevisionBrief(
        nonce="n",
        title="t",
        body="",
        base_branch="main",
        base_sha="a" * 40,
        pull=PullEnds(branch="topic"),
        demands=tuple(demand for demand, _ in pairs),
    )
    task = RevisionTask(
        repository=Repository(id=1, owner="octo", name="sample", installation=1),
        subject=Subject(kind="pull", number=2),
        origin=Origin(
            door="command",
            principal=Principal(actor=Actor(login="mara", id=3)),
            key="k",
            at="2026-11-21T08:00:00Z",
            delivery="d",
        ),
        input=ReviseInput(text=""),
    )
    return RevisionEvidence(
        task=task,
        brief=wanted,
        report=GateReport(base_sha="a" * 40, changes=Changes(), gates=(), command="", seconds=0),
        judgement=Answers(model="m", passed=False, answers=tuple(answer for _, answer in pairs)),
    )


RULES = Rules(max_dollars=1.0)
POLITE = (Demand(author="mara", text="Nearly there."), DemandAnswer(asked=False, met=True, why="Nothing is asked."))
DEMAND = Demand(author="mara", text="Rename it.", path="a.py", line=1, root=7)


def test_polite_words_beside_demands_neither_count_nor_let_anything_be_published() -> None:
    unmet = revised(POLITE, (DEMAND, DemandAnswer(met=False, why="It was not renamed.")))
    assert [demand for demand, _ in pair_answers(unmet)] == [DEMAND]
    assert not is_publishable(RULES, unmet)
    assert is_publishable(RULES, revised(POLITE, (DEMAND, DemandAnswer(met=True, why="It was renamed."))))
    assert len(pair_answers(revised(POLITE))) == 1, "alone they are answered"
    thanks = (DEMAND, DemandAnswer(asked=False, met=True, why="Nothing is asked."))
    assert len(pair_answers(revised(POLITE, thanks))) == 1, "a thread always gets its answer"
