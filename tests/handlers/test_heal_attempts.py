"""Heals that nobody asked for are bounded by branch and day; people may always ask."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from bot.dispatch.start import Refusal, StartedTask, begin
from bot.github.api.access import open_session
from bot.types import Actor, Repository
from bot.work.origin import Door, Origin, Principal, Subject
from handlers.heal.records import HealInput, HealTask
from handlers.heal.task import TASK
from tests.support.within import _services, installed

REPOSITORY = Repository(id=1, owner="octo", name="sample", installation=1, default_branch="main")


def ask(key: str, door: Door = "alert", branch: str = "", issue: int | None = None) -> HealTask:
    people = door == "api"
    principal = Principal(
        kind="account" if people else "alert", actor=Actor(id=1, login="mara"), vouched="" if people else "the policy"
    )
    at = "2026-12-01T00:00:00Z"
    return HealTask(
        repository=REPOSITORY,
        subject=Subject(kind="repository"),
        origin=Origin(door=door, principal=principal, key=key, at=at, delivery=key, issue=issue),
        input=HealInput(branch=branch),
    )


async def test_two_heals_of_a_branch_then_a_person(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.py").write_text("")
    async with installed(tmp_path, tmp_path / "source") as (story, settings), AsyncExitStack() as stack:
        services = await _services(stack, story.hub, settings, await stack.enter_async_context(open_session()))
        story.hub.install(story.app, owner="octo", repositories=[story.repository])
        repository = REPOSITORY.model_copy(
            update={"id": story.repository.id, "installation": next(iter(story.hub.world.installations))}
        )

        async def begun(request: HealTask) -> bool:
            started = await begin(services, TASK, request.model_copy(update={"repository": repository}))
            if isinstance(started, Refusal):
                assert "A person has to look now" in started.reason
            return isinstance(started, StartedTask) and started.created

        assert await begun(ask("one", "api"))
        tries = [ask("two"), ask("three", branch="main", issue=7), ask("four", issue=8)]
        assert [await begun(each) for each in tries] == [True, True, False], "whichever incident wanted it"
        assert await begun(ask("five", branch="release")), "another branch has tries of its own"
        assert await begun(ask("six", "api")), "people may ask"
