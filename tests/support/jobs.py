"""A workflow's job in a repository on which no App is installed: its event, its token, its environment."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.local.hosting import free_port, manifest_rights
from simhub import Hub
from simhub.scripted_model import Script, ScriptedModel
from tests.support.keys import key_pair
from tests.support.story import SECRET, Story

PERMISSIONS = {"contents": "write", "issues": "write", "pull_requests": "write", "checks": "write"}
BOT = "github-actions[bot]"


@asynccontextmanager
async def job(root: Path, source: Path, rules: list[dict[str, Any]]) -> AsyncIterator[Story]:
    """A story without a bot; somebody else's App takes down the events, as a runner would get them."""
    async with ScriptedModel(Script.load(rules)) as model, Hub.start(root / "hub") as hub:
        maintainer = hub.create_user("mara")
        repository = hub.create_repository("octo/sample", source=source)
        hub.set_permission(repository, "mara", "admin")
        nobody = f"http://127.0.0.1:{free_port()}/hook"
        clerk = hub.create_app(
            name="clerk", webhook_url=nobody, webhook_secret=SECRET, key_pair=key_pair(), **manifest_rights()
        )
        hub.install(clerk, owner="octo", repositories=[repository])
        yield Story(root, hub, model, clerk, repository, maintainer, 0)


def runner_event(story: Story, name: str, action: str) -> Path:
    """The newest event of this kind as the runner has it: a file, and no installation in it."""
    sent = [each for each in story.hub.webhooks.log if (each.event, each.action) == (name, action)]
    payload = json.loads(sent[-1].body)
    del payload["installation"]
    file = story.root / f"{name}-{action}.json"
    file.write_text(json.dumps(payload))
    return file


def said(story: Story, number: int) -> list[str]:
    """What the job's account said on an issue."""
    return [each.body for each in story.repository.issues[number].comments if each.user.login == BOT]
