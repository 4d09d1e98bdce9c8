"""A part of a body is written again; everything around it stays as people left it."""

from __future__ import annotations

from bot.github.text.markers import MAX_BODY
from bot.github.text.sections import rewritten, section

QUOTED = "```\n<!-- /forgehand evidence -->\n```"


def test_only_the_section_changes_and_doing_it_twice_changes_nothing() -> None:
    body = f"Before.\r\n\r\n{section('evidence', QUOTED)}\r\n\r\nAfter."
    words = "new \\1 words"
    once = rewritten(body, "evidence", words)
    assert once == f"Before.\r\n\r\n{section('evidence', words)}\r\n\r\nAfter."
    assert rewritten(once, "evidence", words) == once


def test_where_people_took_it_out_or_filled_the_room_nothing_is_put_back() -> None:
    assert rewritten("Mine.", "evidence", "new") is None
    assert rewritten(f"Mine. {section('other', 'x')}", "evidence", "new") is None
    assert rewritten("x" * (MAX_BODY - 60) + section("evidence", ""), "evidence", "new") is None


def test_what_is_too_long_is_cut_inside_the_section() -> None:
    body = rewritten(f"Before.\n{section('evidence', '')}\nAfter.", "evidence", "line\n" * MAX_BODY)
    assert body is not None
    assert len(body) <= MAX_BODY
    assert body.startswith("Before.\n")
    assert body.endswith("<!-- /forgehand evidence -->\nAfter.")
    assert "longer than GitHub accepts" in body
