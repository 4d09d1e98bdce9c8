"""What stands in the paths of pages, for tests that ask them all."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp.web_urldispatcher import DynamicResource

from bot.doors.room.application import list_pages
from bot.doors.room.page import Page
from bot.store import incidents, keys
from bot.store.database import now_ms
from bot.store.incidents import Incident
from bot.store.keys import StoredKey
from bot.types import Repository
from tests.support.api import opened
from tests.support.story import Story

ARTIFACT = "change.patch"


def keep_key(story: Story) -> str:
    """A key of the repository's; nothing opens it."""
    new = StoredKey(
        id="key-0123456789ab",
        scope="repository",
        owner=story.repository.id,
        owner_name=story.repository.full_name,
        provider="anthropic",
        name="ours",
        masked="...",
        sealed="nothing",
        use="current",
        fallback=False,
        created=now_ms(),
        tested=now_ms(),
    )
    with opened(story) as store:
        if store.run_sync(keys.find, new.id) is None:
            store.run_sync(keys.add, new)
    return new.id


NO_PAGES = {
    "/audit.csv": "a file",
    "/audit.jsonl": "a file",
    "/usage.csv": "a file",
    "/tasks/{id:[0-9a-f]+}/files/{name}": "a file",
    "/tasks/{id:[0-9a-f]+}/live": "a stream",
    "/live": "a stream",
    "/sign-in/github": "leads to GitHub",
    "/sign-in/back": "leads back from GitHub",
    "/keys/connect": "leads to OpenRouter",
    "/keys/connected/{begun}": "leads back from OpenRouter",
    "/setup": "tests/browser/test_setup.py walks the set-up",
    "/setup/go": "tests/browser/test_setup.py",
    "/setup/installed": "tests/browser/test_setup.py",
    "/setup/model": "tests/browser/test_setup.py",
    "/setup/check": "tests/browser/test_setup.py",
    "/setup/first": "tests/browser/test_setup.py",
}
"""What of all that is asked for is no page of the room that a browser shows, and what it is."""


def list_shown() -> list[Page]:
    """The pages that a browser is shown in tests/browser: every one of the room."""
    return [page for page in list_pages() if page.method == "GET" and page.path not in NO_PAGES]


def keep_incident(story: Story) -> str:
    """An incident of the repository's, with a lesson of its kind."""
    name, now = "0123456789ab", now_ms()
    place = Repository(id=story.repository.id, owner="octo", name="sample", installation=1)
    kept = Incident(
        id=name, repository=place.id, place=place, key="k", open_key="k", kind="alert", title="Shop is down",
        environment="production", opened=now, first=now, last=now,
    )  # fmt: skip
    with opened(story) as store:
        store.run_sync(incidents.save, kept)
    return name


_PLACES: dict[str, Callable[[Story, str], str]] = {
    "id": lambda _story, task: task,
    "task": lambda _story, _task: "fix",
    "owner": lambda story, _task: story.repository.owner.login,
    "name": lambda story, _task: story.repository.name,
    "guid": lambda story, _task: story.hub.webhooks.log[0].guid,
    "key": lambda story, _task: keep_key(story),
    "incident": lambda story, _task: keep_incident(story),
    "provider": lambda _story, _task: "anthropic",
    "begun": lambda _story, _task: "bm90aGluZw",
}
FORMS: dict[str, dict[str, str]] = {
    "config": {"act": "propose", "text": "limits: {turns: 5}\n"},
    "approval": {"answer": "decline", "key": "0123456789abcdef"},
    "answer": {"text": "1. Yes.", "key": "0123456789abcdef"},
    "retry": {"key": "0123456789abcdef"},
    "copilot": {"repository": "octo/sample", "number": "1"},
}
"""What is sent to the acts whose forms may not be empty, by the last part of their paths."""


def fill(path: str, story: Story, task: str) -> str:
    """The path of a page about the story's repository, its first delivery, this task or what it left."""
    if "{" not in path:
        return f"/room{path}"
    template = str(DynamicResource(path).get_info()["formatter"])
    known = {name: find(story, task) for name, find in _PLACES.items()}
    return "/room" + template.format(**known | ({"name": ARTIFACT} if "/files/" in path else {}))
