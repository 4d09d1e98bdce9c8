"""Share scenes between stories: a repository, moments to act in, state."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
import subprocess
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from simhub.model import Delivery, Installation
from simhub.model_formats import ModelRequest
from tests.e2e.answers import Rule
from tests.support import shelves
from tests.support.door import sign
from tests.support.story import SECRET, Story

SAMPLE = Path(__file__).parent / "sample"
POLICY = ".github/forgehand.yml"


def place(story: Story, name: str, source: Path = SAMPLE) -> Story:
    """The same story in another repository, so that tests who share a bot do not share anything else."""
    repository = story.hub.create_repository(f"octo/{name}", source=source)
    shelves.share(story.root / "data", repository.id)
    story.hub.set_permission(repository, story.maintainer.login, "admin")
    story.hub.change_repositories(installation_of(story), add=[repository])
    return replace(story, repository=repository)


def installation_of(story: Story) -> Installation:
    """The one of the repository's owner."""
    installations = story.hub.world.installations.values()
    (installation,) = [each for each in installations if each.account is story.repository.owner]
    return installation


def about(title: str, rules: list[Rule]) -> list[Rule]:
    """The rules for conversations about one issue only."""

    def narrowed(match: dict[str, Any]) -> dict[str, Any]:
        text = match.get("text", [])
        return {**match, "text": [*([text] if isinstance(text, str) else text), title]}

    return [{**rule, "match": narrowed(rule["match"])} for rule in rules]


def during(rule: Rule, act: Callable[[], Awaitable[object]]) -> Rule:
    """The rule, with something that happens while the model is being asked; then it answers as written."""

    async def reply(request: ModelRequest) -> dict[str, Any]:
        await act()
        answer = rule["reply"]
        return dict(await answer(request) if callable(answer) else answer)

    return {**rule, "reply": reply}


async def put(story: Story, path: str, text: str) -> str:
    """Commit a file to the default branch as the maintainer; the commit's sha."""
    data = {"message": f"Change {path}", "content": base64.b64encode(text.encode()).decode()}
    names = git(story, "ls-tree", "-r", "--name-only", "main").splitlines()
    if path in names:
        data["sha"] = git(story, "rev-parse", f"main:{path}")
    return str((await story.request("PUT", f"/contents/{path}", data))["commit"]["sha"])


def git(story: Story, *argv: str) -> str:
    """Ask the bare repository itself."""
    command = ["git", "-C", str(story.repository.path), *argv]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def branches(story: Story) -> list[str]:
    return git(story, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()


def rows(story: Story, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the bot's database."""
    with sqlite3.connect(f"file:{story.root / 'data' / 'forgehand.db'}?mode=ro", uri=True) as database:
        return list(database.execute(query, values))


def purchases(story: Story) -> dict[str, str]:
    """The model calls of the repository's tasks: step and how its last try ended."""
    query = "select task || ' ' || step, state from fh_model_call where repository = ? order by created, rowid"
    return dict(rows(story, query, story.repository.full_name))


def asked_about(story: Story, title: str) -> list[ModelRequest]:
    """Every model request in which the title appears."""
    return [asked for asked in story.script.requests if title in asked.text]


def in_sandbox(story: Story) -> set[int]:
    """The processes of sandboxes that a bot of this story has started, also of one that is dead."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_text(errors="replace")
            if "bwrap" in line and str(story.root / "data" / "work") in line:
                found.add(int(path.parent.name))
    return found


async def deliver(story: Story, event: str, payload: bytes, guid: str | None = None) -> int:
    """Post a delivery to the bot, signed as GitHub does; the status it is answered with."""
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": guid or str(uuid.uuid4()),
        "X-Hub-Signature-256": sign(payload, SECRET),
    }
    url = f"http://127.0.0.1:{story.port}/webhook"
    async with aiohttp.ClientSession() as session, session.post(url, data=payload, headers=headers) as answer:
        return answer.status


async def handled(story: Story) -> None:
    """Wait until every webhook has arrived and the bot is done with it."""
    await story.hub.settled()
    await story.until(lambda: not rows(story, "select 1 from fh_delivery where done is null"), what="all is handled")


def sent(story: Story, event: str, action: str) -> list[Delivery]:
    """List the hub's deliveries, each attempt, oldest first."""
    return [item for item in story.hub.webhooks.log if (item.event, item.action) == (event, action)]
