"""What stands in the paths of pages, for tests that ask them all."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.story import Story

PLACES: dict[str, Callable[[Story, str], str]] = {
    "id": lambda _story, task: task,
    "owner": lambda story, _task: story.repository.owner.login,
    "name": lambda story, _task: story.repository.name,
}
