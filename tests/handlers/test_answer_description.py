"""Our part of a pull request's text: the author's words stay, whatever they are, and ours are written over ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.github.text.markers import MAX_BODY
from handlers.answer.description import splice

BEGIN, END = "<!-- forgehand describe -->", "<!-- /forgehand describe -->"
words = st.text(alphabet=st.sampled_from("ab \n\r<!->`#"), max_size=40)


@given(words, words, words)
def test_the_authors_words_stay(before: str, first: str, second: str) -> None:
    once = splice(before, first)
    assert once.startswith(before.rstrip())
    assert once.endswith(END)
    twice = splice(f"{once}\n\nLater words", second)
    assert twice.startswith(before.rstrip())
    assert twice.endswith(f"{second}\n{END}\n\nLater words")
    assert twice.count(BEGIN) == twice.count(END) == 1
    assert splice(twice, second) == twice


def test_a_part_that_shows_its_own_last_line_is_written_over_whole() -> None:
    ours = f"```mermaid\nflowchart LR\n{END}\n```\n\nfooter"
    once = splice("Author's words", ours)
    assert splice(splice(once, ours), ours) == once, "the text does not grow"


def test_ours_gives_way_where_there_is_no_room() -> None:
    body = splice("x" * (MAX_BODY - 1_000), "line\n" * 1_000)
    assert len(body) <= MAX_BODY
    assert body.startswith("x" * (MAX_BODY - 1_000))
    assert "longer than GitHub accepts" in body
