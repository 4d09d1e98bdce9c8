"""Words of a model in our answers: nothing in them can offer a commit, or swallow what stands below."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from bot.github.text.anchors import Anchor
from bot.work.records import Cost
from handlers.answer.records import Answer, Description, File, FileNote, PlacedSuggestion, Suggestion
from handlers.answer.words import write_answer, write_description, write_suggestion

SPENT = Cost(dollars=0.02, calls=3)
HOSTILE = "See:\n\n```suggestion\nimport os\n```\n\n> ~~~ Suggestion\n> x\n> ~~~\n\n- ````suggestion\n  y\n  ````\n"


def fences(text: str) -> list[str]:
    return [token.info.strip() for token in MarkdownIt("commonmark").parse(text) if token.type == "fence"]


def test_an_answer_offers_nothing_to_commit() -> None:
    text = write_answer(Answer(text=HOSTILE, sha="a" * 40, linked=1, model="m"), SPENT)
    assert fences(text) == ["text"] * 3
    assert text.endswith("<sub>Read at aaaaaaaaaa; nothing was run. $0.02, 3 model calls.</sub>")


@pytest.mark.parametrize("why", [HOSTILE, "```", "~~~~ x", "<details><summary>", "a\n\n```\nb"])
def test_a_suggestion_offers_what_was_checked_and_nothing_else(why: str) -> None:
    suggested = Suggestion(path="a.py", line=1, quote="x", replacement="y", why=why)
    placed = PlacedSuggestion(
        suggested=suggested, anchor=Anchor(path="a.py", line=1, side="RIGHT"), block="```suggestion\ny\n```"
    )
    assert fences(write_suggestion(placed)) == ["suggestion"]


@pytest.mark.parametrize("summary", [HOSTILE, "```", "Fine.\n\n~~~~", "<details>\n\nx"])
def test_a_description_ends_where_it_ends(summary: str) -> None:
    note = FileNote(file=File(path="a|b.py", status="added", added=1, removed=0), change="Adds | \n\n```\nx")
    text = write_description(Description(sha="b" * 40, title="T\n```", summary=summary, files=(note,)))
    assert fences(text) == []
    assert text.endswith("<sub>Written by Forgehand from bbbbbbbbbb; `/describe` writes it anew.</sub>")
