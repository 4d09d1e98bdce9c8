"""Serve the bot of any build in front of one simulated GitHub, and count what it asks of models.

GitHub, model and all counting are this build's; only the server process is the build's that is measured. What a request
to a model weighs is counted the same way for every build: the characters of what was really sent (tools, system text
and messages as JSON, without cache marks), four to a token, cached as ``simhub.prompt_cache`` says and priced by
``bot/models/prices.yml``. Models are those of the table's roles for Anthropic.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from bench.webhooks.servers import SECRET, Server, serving
from bot.local.hosting import free_port, manifest_rights
from bot.local.tier import tier_environment
from bot.models.catalogue import Price
from bot.models.port import Usage
from bot.sandbox.program import find_bubblewrap
from simhub import AppCredentials, Hub
from simhub.model import Account, Repository
from simhub.model_formats import Json, ModelRequest
from simhub.prompt_cache import PromptCache
from simhub.scripted_model import Script, ScriptedModel

_CHARACTERS_A_TOKEN = 4
_TABLE = yaml.safe_load(resources.files("bot.models").joinpath("prices.yml").read_text())


def check_out(commit: str) -> Path:
    """Lay out a commit of this repository below ``.bench``, unless it is there; return its folder."""
    folder = Path(".bench").resolve() / commit
    if not folder.is_dir():
        aside = folder.with_suffix(".part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", str(aside)], input=archive, check=True)
        aside.rename(folder)
    return folder


@dataclass
class Recorder(Script):
    """A script that keeps each request with the answer it got; answers are ready at once."""

    answered: list[tuple[ModelRequest, Json]] = field(default_factory=list)

    def answer(self, asked: ModelRequest) -> Any:
        reply = super().answer(asked)
        if isinstance(reply, dict):
            self.answered.append((asked, reply))
        return reply


@dataclass(frozen=True)
class Used:
    """Tokens of some requests, and dollars: with what the cache marks sent save, and at full price without a cache."""

    requests: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    dollars: float
    dollars_without_cache: float


@dataclass(frozen=True)
class Hosted:
    """A running bot with its GitHub; ``person`` may do everything in ``repositories``, in the order they were given."""

    hub: Hub
    app: AppCredentials
    person: Account
    repositories: tuple[Repository, ...]
    server: Server


@asynccontextmanager
async def hosted(build: Path, folder: Path, script: Script, sources: Mapping[str, Path]) -> AsyncIterator[Hosted]:
    """Run ``build``'s bot, at rest, on a repository for each of ``sources``."""
    # ``sources`` maps names to folders or clones.
    async with ScriptedModel(script) as model, Hub.start(folder / "hub") as hub:
        app = hub.create_app("forgehand", webhook_secret=SECRET, **manifest_rights())
        person = hub.create_user("mara")
        repositories = tuple(hub.create_repository(f"octo/{name}", source=source) for name, source in sources.items())
        for repository in repositories:
            hub.set_permission(repository, person.login, "admin")
        settings = {**_models(model.anthropic_url), **await _sandbox()}
        port = free_port()
        async with serving(hub, app, folder, port, settings, build=build) as server:
            app.webhook_url = f"http://127.0.0.1:{port}{server.webhook}"
            hub.install(app, "octo", repositories)
            await hub.settled()
            await server.at_rest()
            yield Hosted(hub, app, person, repositories, server)


def _models(url: str) -> dict[str, str]:
    return {
        "FORGEHAND_ROLES": json.dumps(_TABLE["roles"]["anthropic"]),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-api03-scripted",
    }


async def _sandbox() -> dict[str, str]:
    """Name the sandbox of a local run; older builds need bubblewrap on PATH."""
    program = find_bubblewrap()
    path = [*([str(Path(program).parent)] if program else []), os.environ.get("PATH", "")]
    return {**await tier_environment(print, trust=True), "PATH": os.pathsep.join(path)}


def used(answered: Sequence[tuple[ModelRequest, Json]]) -> Used:
    """Add up what the requests weighed, each as the provider would count it after those before."""
    cache = PromptCache()
    counts, cold = [], []
    for asked, reply in answered:
        price = Price.model_validate(_TABLE["models"][asked.model])
        count = Usage(**cache.count(asked)._asdict(), output=_tokens(reply))
        counts.append((count, price.cost(count)))
        cold.append(price.cost(count.model_copy(update={"cached": 0, "cache_write": 0})))
    return Used(
        requests=len(counts),
        input_tokens=sum(count.input for count, _ in counts),
        cached_tokens=sum(count.cached for count, _ in counts),
        output_tokens=sum(count.output for count, _ in counts),
        dollars=round(sum(dollars for _, dollars in counts), 4),
        dollars_without_cache=round(sum(cold), 4),
    )


def _tokens(reply: Json) -> int:
    return len(json.dumps(reply, ensure_ascii=False)) // _CHARACTERS_A_TOKEN
