"""Pieces of Markdown: what people read, and that no text breaks out of its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.markdown import code_block, duration, inline_code, money, paragraph, shortened, table

MARKDOWN = MarkdownIt("commonmark").enable("table")
NASTY = st.text(alphabet=st.sampled_from(list("a`|\\<>#* \n@~-")), max_size=40)


def kinds(text: str) -> list[str]:
    return [token.type for token in MARKDOWN.parse(text)]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (130, "2 min 10 s"), (3600, "1 h 0 min"), (93_900, "26 h 5 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("dollars", "said"), [(0, "$0.00"), (0.004, "less than $0.01"), (0.01, "$0.01"), (0.119, "$0.12"), (12.5, "$12.50")]
)
def test_amounts(dollars: float, said: str) -> None:
    assert money(dollars) == said


@given(NASTY)
def test_inline_code_shows_its_text_and_nothing_else(text: str) -> None:
    flat = " ".join(text.split())
    if not flat:
        return
    (_, inline, _) = MARKDOWN.parse(f"x {inline_code(text)} y")
    assert [(child.type, child.content) for child in inline.children or ()] == [
        ("text", "x "),
        ("code_inline", flat),
        ("text", " y"),
    ]


@given(NASTY)
def test_a_block_of_code_ends_where_it_should(text: str) -> None:
    block, *after = MARKDOWN.parse(f"{code_block(text)}\n\nafter")
    assert (block.type, block.content.rstrip()) == ("fence", text.rstrip())
    assert [token.content for token in after if token.content] == ["after"]


@given(st.lists(NASTY, min_size=1, max_size=3))
def test_a_cell_stays_one_cell(texts: list[str]) -> None:
    rows = [[inline_code(text or "x"), "passes"] for text in texts]
    rendered = MARKDOWN.render(table(["check", "after"], rows) + "\n\nbelow")
    assert rendered.count("<tr>") == len(rows) + 1
    assert rendered.count("<td>passes</td>") == len(rows)
    assert "<p>below</p>" in rendered


def test_bars_that_hide_behind_backslashes() -> None:
    (_, _, row) = table(["a", "b"], [[r"x\|y\\|z", "end"]]).splitlines()
    # An odd number of backslashes before a bar keeps it inside its cell, on GitHub too.
    assert row == r"| x\ \|y\\ \|z | end |"


@given(NASTY)
def test_a_paragraph_swallows_nothing(text: str) -> None:
    assert kinds(f"**Cause.** {paragraph(text + '<details>')}\n\nbelow")[-3:] == [
        "paragraph_open",
        "inline",
        "paragraph_close",
    ]
    assert "<details>" not in paragraph(f"{text}<details>")


def test_what_is_cut_is_said() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"


def test_dunder_names_keep_their_underscores() -> None:
    assert paragraph("no __name__ on func.__doc__, `x.__module__` stays") == (
        "no `__name__` on func.`__doc__`, `x.__module__` stays"
    )
