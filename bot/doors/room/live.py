"""Keep the page of a task up to date while it is open: parts of its HTML, as they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar

import aiohttp_jinja2
import jinja2
from markupsafe import Markup

from bot.doors.api.problems import Problem
from bot.doors.api.streams import Message, TaskStream
from bot.doors.api.views import Waiting
from bot.doors.room.rendering import make_version
from bot.doors.room.story import Story, asked_it, load_story, make_key, tell_why_not
from bot.doors.room.visit import Visit
from bot.store.tasks import TaskEvent

PARTS = ("state", "acts", "stages", "change", "report", "calls", "log", "files")
_WAITING = ("state", "acts", "change", "report", "stages", "calls", "log", "files")
_ASKING = ("state", "report", "acts", "stages", "change", "calls", "log", "files")  # answers go below questions
_ORDERS: Mapping[Waiting | None, Sequence[str]] = {None: PARTS, "answer": _ASKING}
_TEMPLATE = "task_parts.html"


class Fragments:
    """The parts of a task's page as HTML, each with an id and a version.

    Those that are the same for everybody are rendered once.
    """

    def __init__(self, environment: jinja2.Environment, story: Story) -> None:
        self.story = story
        self._macros: Any = environment.get_template(_TEMPLATE).module
        self._known: dict[str, Markup] = {}

    def render(self, visit: Visit) -> dict[str, Markup]:
        """Return every part as it is for a visitor, by name."""
        if not self._known:
            shared = (name for name in PARTS if name != "acts")
            self._known = {name: _wrap(name, getattr(self._macros, name)(self.story)) for name in shared}
        reason = tell_why_not(visit, self.story.task.repository)
        own = asked_it(visit, self.story.starters)
        last = self.story.followers[-1].id if self.story.followers else ""
        key = make_key(visit, self.story.task.id, last)
        acts = _wrap("acts", self._macros.acts(self.story, reason, key, own, visit.is_administrator))
        order = _ORDERS.get(self.story.task.waits_for, _WAITING)
        return {name: acts if name == "acts" else self._known[name] for name in order}


async def load_fragments(visit: Visit, task_id: str) -> Fragments:
    """Load a task and what its page tells."""
    return Fragments(aiohttp_jinja2.get_env(visit.request.app), await load_story(visit, task_id))


@dataclass(frozen=True)
class LiveTask(TaskStream):
    """The parts of a task's page that change, for one browser."""

    content: ClassVar[Mapping[str, Mapping[str, Any]]] = {"text/event-stream": {"type": "string"}}
    visit: Visit
    sent: dict[str, Markup] = field(default_factory=dict)

    async def tell(self, news: Sequence[TaskEvent]) -> list[Message]:
        """Return one message with the parts that changed, and one at the end."""
        newest = news[-1].id
        fragments = await self._load(newest)
        parts = fragments.render(self.visit)
        changed = [html for name, html in parts.items() if self.sent.get(name) != html]
        self.sent.update(parts)
        told = [Message(newest, "change", "".join(changed))]
        view = fragments.story.task
        over = view.ended and view.waits_for is None
        return [*told, Message(newest, "end", "", last=True)] if over else told

    async def _load(self, newest: int) -> Fragments:
        """Load the parts, for all who follow the task at once."""

        async def load() -> Fragments:
            return await load_fragments(self.visit, self.task.id)

        with suppress(Problem):  # of whoever loads it for all: he may read it no longer
            return await self.visit.desk.share((self.task.id, newest), load)
        return await load()


def _wrap(name: str, html: Markup) -> Markup:
    return Markup('<section id="live-{}" data-version="{}">\n{}</section>\n').format(name, make_version(html), html)
