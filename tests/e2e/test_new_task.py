"""A task from outside the repository: one declaration, and it is everywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from prometheus_client import REGISTRY

from bot.app import running
from bot.doors.handlers import Handlers
from bot.policy import PolicyError, describe, parse_policy
from bot.settings import Settings
from handlers import HANDLERS
from handlers.manual import render_pages
from tests.e2e.scenes import POLICY, SAMPLE, put
from tests.support.outside import extended
from tests.support.story import SECRET, Story
from tests.support.typing import answered, comment
from tests.support.within import installed

SOURCE = Path(__file__).with_name("new_task.py.txt")


@pytest.fixture
def handlers(tmp_path: Path) -> Iterator[Handlers]:
    """Every capability of the repository, and one whose module lies in a folder of its own elsewhere."""
    with extended(SOURCE, tmp_path) as found:
        yield found


def test_it_is_a_command_a_section_and_a_row_of_the_manual(handlers: Handlers) -> None:
    schema = handlers.registry.schema
    assert handlers.commands["greet"].usage == "/greet [who]"
    assert "| [`/greet [who]`](#greet) | Greets somebody. | write |" in render_pages(handlers)["commands.md"]
    assert '| `tone` | `"Hello"` | the first word |' in render_pages(handlers)["policy.md"]
    policy = parse_policy("greet: { label: hey, tone: Hi }\ncommands: { write: [greet] }", Settings(), schema)
    assert "greet.tone" in describe(policy, schema)
    assert (policy.level("greet"), policy.level("fix")) == ("write", None)
    with pytest.raises(PolicyError, match=r"line 1: greet\.tune: unknown key; known here: max_dollars, label, tone"):
        parse_policy("greet: { tune: Hi }", Settings(), schema)
    with pytest.raises(PolicyError, match="unknown key"):
        parse_policy("greet: { tone: Hi }", Settings(), HANDLERS.registry.schema)


@asynccontextmanager
async def served(root: Path, handlers: Handlers) -> AsyncIterator[Story]:
    """The whole bot with these capabilities, its engine included, in this process."""
    async with installed(root, SAMPLE) as (story, settings), running(settings, handlers) as bot:
        server = TestServer(bot.web, host="127.0.0.1", port=story.port)
        await server.start_server(access_log=None)
        story.hub.install(story.app, owner="octo", repositories=[story.repository])
        await story.hub.settled()
        try:
            yield story
        finally:
            await server.close()


def count_of(name: str) -> float:
    """A counter of this process, whatever its labels."""
    samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return sum(sample.value for sample in samples if sample.name == f"forgehand_{name}")


async def test_label_command_status_and_metric_end_to_end(tmp_path: Path, handlers: Handlers) -> None:
    names = ("ended_tasks_total", "stage_seconds_count", "first_sign_seconds_count")
    before = {name: count_of(name) for name in names}
    async with served(tmp_path, handlers) as story:
        await story.until(
            lambda: "say-hello" in {each.name for each in story.repository.labels},
            what="the label, made at the installation",
        )
        number = await story.file("Hello", "there", label="say-hello")
        status = await story.until_status(number, "Done.")
        assert "- [x] Say hello: Hello, mara!" in status
        await put(story, POLICY, "greet: { tone: Welcome }\nreview: { on: [] }\n")
        await comment(story, number, "/greet ann")
        await story.until(lambda: "Welcome, ann!" in story.shown(number, "answer"), what="the greeting")
        await put(story, POLICY, "commands: { write: [fix] }\nreview: { on: [] }\n")
        other = await story.file("Hello again", "there", label="say-hello")
        await story.until(lambda: story.shown(other, "answer"), what="a refusal")
        assert "switched off" in story.shown(other, "answer")[0], "a command that is off has no label either"
        await story.until(
            lambda: [count_of(name) - was for name, was in before.items()] == [2, 2, 3],
            what="two tasks and their stage are counted, and the first signs of three deliveries",
        )
        assert count_of("github_requests_total") > 5
        assert (await answered(story, await comment(story, number, "/status")))[0].startswith(
            "Nothing is running here."
        )
    assert SECRET not in story.log
