"""Show what a task does while it does it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.text import Text

from bot.local.display import say
from bot.markdown import duration
from bot.terminal.client import Event
from bot.work.untrusted import without_unseen

_SIGNS = {"started": ">", "done": "x", "failed": "!"}
_WORDS = {"started": "...", "done": ": done", "failed": ": not passed"}


class Progress:
    """The stages of a task, as a list that changes.

    Without a terminal it is a line for each event. ``titles`` are those of the stages, in order.
    """

    def __init__(self, console: Console, titles: Mapping[str, str], *, plain: bool) -> None:
        self._console = console
        self._titles = titles
        self._begun = time.monotonic()
        self._states: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._note = ""
        self._plain = plain or not console.is_terminal

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the list on the screen while the task runs."""
        if self._plain:
            yield
            return
        with Live(console=self._console, get_renderable=self._render, refresh_per_second=4):
            yield

    def tell(self, event: Event) -> None:
        """Take in an event."""
        if event.kind == "stage":
            self._tell_stage(event)
            return
        self._note = _describe(event)
        if self._plain and self._note:
            self._print(event, self._note)

    def _tell_stage(self, event: Event) -> None:
        stage = str(event.data.get("stage", ""))
        state = str(event.data.get("state", ""))
        text = str(event.data.get("text") or "")
        self._states[stage] = state
        self._texts[stage] = text
        self._note = ""
        if self._plain:
            title = self._titles.get(stage, stage)
            self._print(event, f"{title}{_WORDS.get(state, f': {state}')}{f' ({text})' if text else ''}")

    def _print(self, event: Event, text: str) -> None:
        at = datetime.fromisoformat(str(event.data["at"])).astimezone()
        say(self._console, f"{at:%H:%M:%S}  {' '.join(text.split())}")

    def _render(self) -> Text:
        stages = dict.fromkeys([*self._titles, *self._states])
        lines = [f"[{_SIGNS.get(self._states.get(name, ''), ' ')}] {self._line(name)}" for name in stages]
        passed = duration(time.monotonic() - self._begun)
        return Text(
            "\n".join([*lines, " ".join(f"    {passed} {self._note}".split("\n"))]), overflow="ellipsis", no_wrap=True
        )

    def _line(self, name: str) -> str:
        text = " ".join(without_unseen(self._texts.get(name, "")).split())
        return f"{self._titles.get(name, without_unseen(name))}{f': {text}' if text else ''}"


def _describe(event: Event) -> str:
    """Describe an event that is not a stage; "" for the end of the task."""
    data = event.data
    words = {
        "budget": str(data.get("text", "")),
        "queued": "Queued",
        "started": "Started",
        "retry": f"A step is tried again: {data.get('step', '')}",
        "cancel_requested": f"{data.get('by', 'Somebody')} asked it to stop",
    }
    return words.get(event.kind, "")
