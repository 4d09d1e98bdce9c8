"""Our requests against servers of their own: the scripted one as a process, and the one answered by hand."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.models.port import Message, Tool
from bot.settings import ModelSettings, Settings
from bot.store.store import Store
from simhub.scripted_model import Script, ScriptedModel
from tests.support.models import new_gateway, spender, talk
from tests.support.notrun import HAND_MODEL
from tests.support.patience import PATIENCE

ROOT = Path(__file__).parents[2]
READ = Tool(name="read", description="Read.", parameters={"type": "object", "properties": {"path": {"type": "string"}}})
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def process(*argv: str, port: int) -> AsyncIterator[str]:
    running = await asyncio.create_subprocess_exec(sys.executable, *argv, "--port", str(port), cwd=ROOT)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        await running.wait()


def settings(url: str, name: str) -> Settings:
    """Settings under which ``name`` is asked in the format that it is called after."""
    given: dict[str, Any] = {"token_limit": 1_000_000}
    if name == "messages":
        given |= {"provider": "anthropic", "base_url": url}
    else:
        given |= {"provider": "openai", "base_url": f"{url}/v1", "api": name}
    return Settings(models={name: ModelSettings(**given)}, roles={"fix": [name]})  # type: ignore[call-arg]


async def converse(store: Store, url: str, name: str) -> None:
    """Text, a tool call with its result, and an answer by schema, in one wire format."""
    gateway = new_gateway(store, settings(url, name))
    who = spender(name)
    assert (await gateway.ask(who, "text", "fix", talk("Hello."))).text == "Hello, bot."
    call = await gateway.ask(who, "tools", "fix", talk("Look."), tools=[READ])
    assert (call.stop, call.tool_calls[0].arguments) == ("tools", {"path": "a.py"})
    result = Message(role="tool", text="x = 1", tool_call_id=call.tool_calls[0].id)
    judged = await gateway.ask(
        who, "json", "fix", talk("Look.", call.as_message(), result), tools=[READ], schema=SCHEMA
    )
    assert judged.parsed == {"ok": True}
    assert judged.usage.input > 0


@pytest.mark.needs("hand-answered model")
@pytest.mark.parametrize("name", ["messages", "responses", "chat"])
async def test_the_hand_answered_endpoint_accepts_us(store: Store, tmp_path: Path, name: str) -> None:
    answers = tmp_path / "answers"
    answers.mkdir()
    (answers / "0001.answer.md").write_text("Hello, bot.")
    (answers / "0002.answer.json").write_text(
        json.dumps({"tool_calls": [{"name": "read", "arguments": {"path": "a.py"}}]})
    )
    (answers / "0003.answer.json").write_text(json.dumps({"text": '{"ok": true}'}))
    argv = (str(HAND_MODEL), "--dir", str(tmp_path / "asked"), "--replay", str(answers))
    async with process(*argv, port=free_port()) as url:
        await converse(store, url, name)
    readable = (tmp_path / "asked" / "0003.request.md").read_text()
    assert "You mend bugs." in readable
    assert "x = 1" in readable


@pytest.mark.parametrize("name", ["messages", "responses", "chat"])
async def test_the_scripted_endpoint_as_a_process(store: Store, tmp_path: Path, name: str) -> None:
    rules = [
        {"match": {"user": "Hello", "system": ["mend", "bugs"]}, "reply": {"text": "Hello, bot."}},
        {
            "match": {"tool": "read", "turn": 0},
            "reply": {"tool_calls": [{"name": "read", "arguments": {"path": "a.py"}}]},
        },
    ]
    script = tmp_path / "script.json"
    script.write_text(json.dumps(rules))
    async with (
        process("-m", "simhub.scripted_model", "--script", str(script), port=free_port()) as url,
        aiohttp.ClientSession() as http,
    ):
        more = [
            {
                "match": {"result": "x = 1", "turn": 1, "protocol": name},
                "reply": {"json": {"ok": True}},
                "reusable": True,
            }
        ]
        async with http.post(f"{url}/_rules", json=more) as added:
            assert (await added.json())["rules"] == 3
        await converse(store, url, name)
        await converse(store, url, name)
        async with http.get(f"{url}/_requests") as listed:
            purchases = await listed.json()
    assert [(asked["protocol"], asked["turn"]) for asked in purchases] == [(name, 0), (name, 0), (name, 1)]


@pytest.mark.parametrize("name", ["messages", "responses", "chat"])
async def test_the_scripted_endpoint_without_streaming(name: str) -> None:
    paths = {"messages": "messages", "responses": "responses", "chat": "chat/completions"}
    script = Script.load([{"reply": {"text": "Hi.", "tool_calls": [{"name": "read", "arguments": {"path": "a"}}]}}])
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}], "input": "Hi"}
    async with ScriptedModel(script) as server, aiohttp.ClientSession() as http:
        async with http.post(f"{server.openai_url}/{paths[name]}", json=body) as answer:
            said = await answer.json()
        async with http.post(f"{server.openai_url}/{paths[name]}", json=body) as nothing:
            assert nothing.status == 409
    assert len(server.script.unmatched) == 1
    shapes = {
        "messages": lambda: (said["content"][0]["text"], said["content"][1]["input"]),
        "responses": lambda: (said["output"][0]["content"][0]["text"], json.loads(said["output"][1]["arguments"])),
        "chat": lambda: (
            said["choices"][0]["message"]["content"],
            json.loads(said["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]),
        ),
    }
    assert shapes[name]() == ("Hi.", {"path": "a"})


def test_a_wrong_script_is_refused() -> None:
    with pytest.raises(ValueError, match="rule 1 needs a reply"):
        Script.load([{"reply": {}}, {"match": {}}])
    with pytest.raises(ValueError, match="cannot match on colour"):
        Script.load([{"reply": {}, "match": {"colour": "red"}}])
