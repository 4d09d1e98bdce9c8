"""The course of a task, folded from what its stages reported."""

from __future__ import annotations

from bot.dispatch.stages import StageRun, fold_stages
from bot.store.tasks import TaskEvent

TITLES = {"read": "Read it", "edit": "Change the code", "publish": "Open the pull request"}


def events(*told: tuple[int, str, str, str]) -> list[TaskEvent]:
    return [
        TaskEvent(id=at, task="t", at=at, kind="stage", data={"stage": stage, "state": state, "text": text})
        for at, stage, state, text in told
    ]


def test_a_stage_goes_on_until_it_is_over_and_the_rest_is_to_come() -> None:
    told = events((1, "read", "started", ""), (3, "read", "done", "#4"), (5, "edit", "started", "a.py"))
    told.insert(1, TaskEvent(id=2, task="t", at=2, kind="retry", data={"step": "fetch", "error": "away"}))
    assert fold_stages([*told, *events((7, "edit", "started", "b.py"))], TITLES, None) == [
        StageRun("read", "Read it", "done", "#4", 1, 3),
        StageRun("edit", "Change the code", "running", "b.py", 5, None),
        StageRun("publish", "Open the pull request", "pending"),
    ]


def test_what_is_done_again_stands_there_again_and_the_end_stops_what_is_open() -> None:
    told = events((1, "edit", "started", ""), (2, "edit", "failed", "2 tests fail"), (3, "edit", "started", "again"))
    assert [(run.state, run.began, run.ended) for run in fold_stages(told, TITLES, 9)] == [
        ("failed", 1, 2),
        ("stopped", 3, 9),
    ]
    unknown = fold_stages(events((4, "odd", "done", "")), {}, None)
    assert unknown == [StageRun("odd", "odd", "done", "", 4, 4)]
    assert fold_stages([], {}, 9) == []
