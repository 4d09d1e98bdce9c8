"""Of a heal and a revert of one branch that begin at once, one goes on and the other says why not."""

from __future__ import annotations

from typing import Any

from bot.change.rivals import pick_rival
from bot.store.tasks import Task


def make(name: str, flow: str, at: int, ended: int | None = None, number: int | None = None, **given: Any) -> Task:
    argument = {"subject": {"number": number}, "input": given, "repository": {"default_branch": "main"}}
    who: dict[str, Any] = {"source": "comment", "installation": 1, "repository": "octo/shop", "actor": "mara"}
    return Task(id=name, flow=flow, argument=argument, state="running", created=at, ended=ended, **who)


def test_who_was_asked_first_goes_on() -> None:
    heal, revert = make("a", "heal", 5), make("b", "revert", 5, number=7)
    both = [heal, revert]
    said = [pick_rival(both, one.id, "main") for one in both]
    assert said[0] is None
    assert said[1] is not None
    assert said[1].startswith("`main` is being healed by the task a, which was asked for first;")
    again = [revert.model_copy(update={"created": 4}), heal]
    assert pick_rival(again, "a", "main"), "having a change taken back"
    assert pick_rival(again, "b", "main") is None


def test_what_is_no_rival() -> None:
    mine = make("z", "revert", 9, number=7)
    for other in (
        make("a", "heal", 1, ended=8),
        make("a", "heal", 1, number=3),
        make("a", "heal", 1, branch="release"),
        make("a", "revert", 1, number=8),
    ):
        assert pick_rival([other, mine], "z", "main") is None
    assert pick_rival([make("a", "heal", 1)], "gone", "main") is None
