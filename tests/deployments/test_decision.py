"""What is live, what was good before, and whom a trouble is blamed on: pure functions, exact at their bounds."""

from __future__ import annotations

import pytest

from bot.deployments.advice import advise
from bot.deployments.decision import MINUTE, SUSPECT, find_earlier_good, find_live, suspect_deployment
from bot.store.deployments import Deployed
from bot.store.incidents import Incident, IncidentKind
from bot.types import Repository


def made(number: int, sha: str, state: str = "success", good: int | None = None) -> Deployed:
    at = number * 60 * MINUTE
    known = at if state in {"success", "inactive"} and good is None else good
    return Deployed(id=number, environment="production", sha=sha, created=at, state=state, changed=at, good=known)


def test_live_is_the_newest_whose_newest_status_is_a_success() -> None:
    history = [made(1, "a"), made(2, "b"), made(3, "c", "failure"), made(4, "d", "in_progress")]
    live = find_live(history)
    assert live is not None
    assert live.id == 2, "production ones stay a success; one under way is not live yet"
    assert find_live([made(1, "a", "failure")]) is None


def test_earlier_good_is_another_commit_that_was_not_rolled_back_from() -> None:
    one, two, again = made(1, "a"), made(2, "b"), made(3, "a")
    assert find_earlier_good([one, two], two) == one
    assert find_earlier_good([one, made(2, "b", "failure")], one) is None
    staged = [made(1, "a", "inactive"), made(2, "b", "failure"), made(3, "c")]
    assert find_earlier_good(staged, staged[2]) == staged[0], "a staging one went inactive, and was good"
    assert find_earlier_good([one, two, again], again, {2}, {"b"}) is None, "not forward to what was bad"
    assert find_earlier_good([one, made(2, "a")], made(2, "a")) is None, "the same commit is no way back"


@pytest.mark.parametrize(
    ("after", "blamed"), [(1, True), (SUSPECT, True), (SUSPECT + 1, False), (0, False), (-1, False)]
)
def test_a_deployment_is_suspect_only_right_after_it(after: int, blamed: bool) -> None:
    old, new = made(1, "a"), made(10, "b")
    found = suspect_deployment([old, new], new.created + after)
    assert (found == new) is blamed
    assert found in (None, new), "the one before it is never blamed for what is live"


def test_of_two_in_half_an_hour_the_newer_is_blamed_and_a_failed_one_never() -> None:
    first = made(1, "a")
    second = first.model_copy(update={"id": 2, "sha": "b", "good": (first.good or 0) + 5 * MINUTE})
    failed = first.model_copy(update={"id": 3, "sha": "c", "good": None, "state": "failure"})
    began = (first.good or 0) + 10 * MINUTE
    assert suspect_deployment([first, second, failed], began) == second
    assert suspect_deployment([], began) is None


@pytest.mark.parametrize(
    ("kind", "after", "advised"),
    [("alert", 1, True), ("ci", 1, False), ("alert", -1, False), ("alert", SUSPECT + 1, False)],
)
def test_advice_is_given_only_for_a_service_and_right_after_a_deployment(
    kind: IncidentKind, after: int, advised: bool
) -> None:
    live = made(1, "a")
    place = Repository(id=7, owner="octo", name="shop", installation=1)
    first = live.created + after
    trouble = Incident(
        id="i", repository=7, place=place, key="k", open_key="k", kind=kind, title="Down", opened=first, first=first,
        last=first,
    )  # fmt: skip
    assert advise([live], [trouble]).rollback is advised
    assert not advise([], [trouble]).rollback
