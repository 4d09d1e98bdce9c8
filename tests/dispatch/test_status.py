"""The status comment in every state: where it stands, what it cost, and what to do next."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.dispatch.status import StatusView, status_text
from bot.engine.port import FINAL_STATES
from handlers.fix.task import TASK

DONE = [{"stage": name, "state": "done", "text": ""} for name in TASK.stages]
MIDWAY = [*DONE[:3], {"stage": "prove", "state": "started", "text": ""}]


def said(state: str, stages: list[dict[str, Any]], summary: str = "", **given: Any) -> str:
    fields: dict[str, Any] = {"created": 1_000, "now": 131_000, "dollars": 0.114, "calls": 6, "actor": "mara"} | given
    return status_text(StatusView(task="t1", spec=TASK, state=state, summary=summary, stages=stages, **fields))


def test_while_it_runs_the_present_stage_is_marked() -> None:
    text = said("running", MIDWAY)
    head, checklist, foot = text.split("\n\n")
    assert head == "Working on this."
    assert checklist.splitlines()[2:5] == [
        "- [x] Install and run the tests as they are",
        "- [ ] **Prove the bug with a failing test** ← now",
        "- [ ] Fix the cause",
    ]
    stop = "Remove the label or comment `/cancel` to stop."
    assert foot == f"<sub>Asked by mara. 2 min 10 s, $0.11, 6 model calls. {stop}</sub>"
    linked = said("running", MIDWAY, page="https://bot.example.org/room/tasks/t1").splitlines()[-1]
    assert f"6 model calls. [Details](https://bot.example.org/room/tasks/t1). {stop}</sub>" in linked


def test_while_it_waits_nothing_is_claimed() -> None:
    text = said("queued", [], dollars=0, calls=0, now=1_500)
    assert text.startswith("Queued: waiting for a free worker.")
    heads = [said("queued", [], before=before).splitlines()[0] for before in (1, 12, None)]
    assert heads == [
        "Queued: 1 task is before this one.",
        "Queued: 12 tasks are before this one.",
        "Queued: waiting for another task that changes the same branch.",
    ]
    assert text.count("- [ ]") == len(TASK.stages)
    assert "- [x]" not in text
    assert "0 s, $0.00, 0 model calls. Remove the label or comment" in text


def test_when_it_is_done_every_box_is_ticked() -> None:
    text = said("done", DONE, "Opened #13", calls=1, dollars=0.001)
    assert text.startswith("Done. Opened #13\n")
    assert text.count("- [x]") == len(TASK.stages)
    assert "- [ ]" not in text
    assert "2 min 10 s, less than $0.01, 1 model call.</sub>" in text


@pytest.mark.parametrize("state", sorted(FINAL_STATES - {"done"}))
def test_an_ending_never_looks_as_if_it_went_on(state: str) -> None:
    text = said(state, MIDWAY, "Because of this.")
    assert "← now" not in text
    assert "Remove the label" not in text
    assert "- [ ] **Prove the bug with a failing test** (not finished)" in text
    assert "Because of this." in text.splitlines()[0]
    assert not text.startswith(state), "the state's own name is no sentence"
    assert text.startswith(("Stopped", "Gave up", "Failed", "Cancelled.", "Waiting for "))


@pytest.mark.parametrize("state", ["failed", "dead", "cancelled"])
def test_an_ending_that_can_be_repeated_says_how(state: str) -> None:
    assert "Add the label again or comment `/retry` to start a new attempt." in said(state, MIDWAY)


def test_a_stage_shows_only_its_latest_event() -> None:
    again = [
        {"stage": "gate", "state": "failed", "text": "proof"},
        {"stage": "edit", "state": "started", "text": "again"},
    ]
    text = said("running", [*DONE[:6], *again])
    assert "- [ ] Check the fix in a fresh tree (not passed): proof" in text
    assert "- [ ] **Fix the cause** ← now: again" in text
    assert len(re.findall("Fix the cause", text)) == 1


def test_a_text_of_many_lines_stays_one_item() -> None:
    hostile = "first\n- [x] Open a pull request\n```\n<details>"
    text = said("failed", [{"stage": "judge", "state": "failed", "text": hostile}])
    assert "- [x]" not in [line[:5] for line in text.splitlines()]
    assert text.count("\n```") == 0
    assert "<details>" not in text
