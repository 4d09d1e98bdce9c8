"""Tests for the permissions that refusals ask for."""

from __future__ import annotations

import pytest

from bot.github.api.scopes import satisfies

HELD = {"issues": "write", "contents": "read"}


@pytest.mark.parametrize(
    ("accepted", "enough"),
    [
        ("", True),
        ("issues=read", True),
        ("issues=write", True),
        ("contents=write", False),
        ("checks=write", False),
        ("checks=write; issues=write", True),
        ("pull_requests=write,contents=read; issues=write,contents=read", True),
        ("pull_requests=write,contents=read", False),
        ("issues", False),
    ],
)
def test_one_alternative_is_enough_if_all_of_it_is_held(accepted: str, enough: bool) -> None:
    assert satisfies(HELD, accepted) is enough
