"""Lay the stages of a task out on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.doors.api.course import StageView
from bot.markdown import duration

WIDTH = 1000
_THINNEST = 6


class Bar(NamedTuple):
    """A stretch of the axis, from 0 to :data:`WIDTH`, and how it ended."""

    x: float
    width: float
    state: str
    text: str


class Row(NamedTuple):
    """A stage: when it was worked on, and what it said last."""

    title: str
    state: str
    bars: tuple[Bar, ...]
    began: str
    took: str
    text: str


class Waterfall(NamedTuple):
    """Rows of all stages, and the length of their axis."""

    rows: tuple[Row, ...]
    span: str


def lay_out(stages: Sequence[StageView], created: str, started: str | None, end: str) -> Waterfall:
    """Lay stages out; times are RFC 3339, ``end`` is now or the task's end.

    What a stage did again stands in its row. The first row is the wait for a worker.
    """
    axis = _Axis(_read(created), max(_read(end) - _read(created), 0.001))
    waited = StageView(
        name="",
        title="Wait for a worker",
        state="running" if started is None else "done",
        text="",
        started_at=created,
        ended_at=started,
    )
    grouped: dict[str, list[StageView]] = {}
    for stage in (waited, *stages):
        grouped.setdefault(stage.name, []).append(stage)
    rows = tuple(_make_row(axis, runs, end) for runs in grouped.values())
    return Waterfall(rows, duration(axis.span))


class _Axis(NamedTuple):
    start: float
    span: float

    def place(self, began: float, ended: float) -> tuple[float, float]:
        """Return where a bar begins and how wide it is."""
        width = max((ended - began) / self.span * WIDTH, _THINNEST)
        return min((began - self.start) / self.span * WIDTH, WIDTH - width), width


def _make_row(axis: _Axis, runs: Sequence[StageView], end: str) -> Row:
    bars, total = [], 0.0
    for run in runs:
        if run.started_at is None:
            continue
        began = max(_read(run.started_at), axis.start)
        ended = max(_read(run.ended_at or end), began)
        x, width = axis.place(began, ended)
        words = f"{run.title}: {duration(ended - began)}, {run.state}"
        bars.append(Bar(round(x, 1), round(width, 1), run.state, words))
        total += ended - began
    first = runs[0].started_at
    began_words = "" if first is None else f"+{duration(max(_read(first) - axis.start, 0))}"
    return Row(runs[-1].title, runs[-1].state, tuple(bars), began_words, duration(total) if bars else "", runs[-1].text)


def _read(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
