"""Tell a task's course from the events that its stages reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.store.tasks import TaskEvent

StageState = Literal["pending", "running", "done", "failed", "stopped"]


_STATES: Mapping[str, StageState] = {"done": "done", "failed": "failed"}


@dataclass(frozen=True)
class StageRun:
    """One time that a stage was worked on.

    Times are milliseconds since the epoch; a ``pending`` one has none.
    """

    name: str
    title: str
    state: StageState
    text: str = ""
    began: int | None = None
    ended: int | None = None


def fold_stages(events: Iterable[TaskEvent], titles: Mapping[Any, str], ended: int | None) -> list[StageRun]:
    """Return all that was worked on in order, then the stages to come.

    ``titles`` are those of the task's declaration, ``ended`` is when the task ended. A stage that begins anew while it
    is open goes on; one that is open when the task ends was stopped then.
    """
    runs: list[StageRun] = []
    places: dict[str, int] = {}  # of the open ones
    for event in events:
        if event.kind != "stage":
            continue
        name, said = str(event.data.get("stage") or ""), str(event.data.get("state") or "")
        text = str(event.data.get("text") or "")
        place = places.pop(name, len(runs))
        began = runs[place].began if place < len(runs) else event.at
        state = _STATES.get(said, "running")
        over = state != "running"
        run = StageRun(name, str(titles.get(name, name)), state, text, began, event.at if over else None)
        runs[place : place + 1] = [run]
        if not over:
            places[name] = place
    if ended is not None:
        for place in places.values():
            one = runs[place]
            runs[place] = StageRun(one.name, one.title, "stopped", one.text, one.began, ended)
        return runs
    known = {run.name for run in runs}
    return runs + [StageRun(str(name), title, "pending") for name, title in titles.items() if name not in known]
