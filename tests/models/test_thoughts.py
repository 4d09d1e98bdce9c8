"""Thoughts behind calls go back to servers of the chat format, which refuse the next question without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from bot.models import wire_chat
from bot.models.catalogue import Catalogue, ModelSpec
from bot.models.client import SdkModel
from bot.models.port import Conversation, Message, Reply, Tool, ToolCall
from bot.models.window import fit
from bot.models.wire import Question
from bot.settings import ModelSettings, ProviderPlace, Settings
from tests.support.models import talk
from tests.support.patience import PATIENCE
from tests.support.provider_standin import StandIn, says, streams

READ = Tool(name="read", description="Read.", parameters={"type": "object", "properties": {}})
SIGNED = {"google": {"thought_signature": "AY89"}}
ENCRYPTED = {"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1", "index": 0}
OF_GEMINI = ENCRYPTED | {"format": "google-gemini-v1"}
BOUND = "openrouter"  # what it sends may be bound to its past


def call(identity: str, **more: Any) -> dict[str, Any]:
    function = {"name": "read", "arguments": "{}"}
    return {"tool_calls": [{"id": identity, "index": 0, "type": "function", "function": function} | more]}


def summary(text: str, **more: Any) -> dict[str, Any]:
    piece = {"type": "reasoning.summary", "summary": text, "index": 0, "format": "openai-responses-v1"} | more
    return {"reasoning": text, "reasoning_content": text, "reasoning_details": [piece]}


# Each: what the first answer brings, and the members that its turn must have when it comes back.
SERVERS: dict[str, tuple[list[dict[str, Any]], Callable[[dict[str, Any]], bool]]] = {
    "google": (
        [call("a", extra_content=SIGNED), call("b")],
        lambda turn: [each.get("extra_content") for each in turn["tool_calls"]] == [SIGNED, None],
    ),
    "openrouter": (
        [summary("Look "), summary("there.", id="rs_1"), {"reasoning_details": [ENCRYPTED]}, call("a")],
        lambda turn: (
            turn.get("reasoning_details")
            == [
                {
                    "type": "reasoning.summary",
                    "summary": "Look there.",
                    "index": 0,
                    "format": "openai-responses-v1",
                    "id": "rs_1",
                },
                ENCRYPTED,
            ]
        ),
    ),
    "openrouter for Gemini": (
        [{"reasoning_details": [OF_GEMINI]}, call("a")],
        lambda turn: turn.get("reasoning_details") == [OF_GEMINI],
    ),
    "deepseek": (
        [{"reasoning_content": "Look "}, {"reasoning_content": "there."}, call("a")],
        lambda turn: turn.get("reasoning_content") == "Look there.",
    ),
    "deepseek that thought nothing": (
        [{"reasoning_content": ""}, call("a")],
        lambda turn: turn.get("reasoning_content") == "",
    ),
    "any other": ([call("a")], lambda turn: set(turn) == {"role", "content", "tool_calls"}),
}


def make_spec(url: str, **given: Any) -> ModelSpec:
    settings = Settings(models={"m": ModelSettings(base_url=url, token_limit=10**6, **given)})
    return Catalogue(settings).spec("m")


def go_on(first: Reply) -> Conversation:
    results = [Message(role="tool", text="x", tool_call_id=each.id) for each in first.tool_calls]
    return talk("Mend it.", Reply.model_validate_json(first.model_dump_json()).as_message(), *results)


@pytest.mark.parametrize("name", SERVERS)
async def test_a_server_gets_back_the_thoughts_that_it_asks_for(name: str) -> None:
    deltas, is_right = SERVERS[name]
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    calls = streams(*chunks, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    done = streams({"choices": [{"index": 0, "delta": {"content": "Done."}, "finish_reason": "stop"}]})

    async def serve(request: web.Request) -> web.StreamResponse:
        turns = [turn for turn in (await request.json())["messages"] if turn["role"] == "assistant"]
        if not turns:
            return await calls(request)
        refused = says(400, {"error": {"message": "The thoughts must be passed back."}})
        return await (done if is_right(turns[0]) else refused)(request)

    standin = StandIn("chat", "/v1/chat/completions", dict, more={"POST /v1/chat/completions": serve})
    async with standin:
        model = SdkModel(make_spec(f"{standin.url}/v1"), None, idle=PATIENCE)
        first = await model.ask(talk("Mend it."), tools=[READ], max_output=100)
        assert first.tool_calls
        assert (await model.ask(go_on(first), tools=[READ], max_output=100)).text == "Done."
        cut = go_on(first).model_copy(update={"system": "You mend other bugs."})
        if name != BOUND:
            assert (await model.ask(cut, tools=[READ], max_output=100)).text == "Done.", "also with an edited past"
    edited = wire_chat.request(Question(model.spec, cut, [READ], None, 100))["messages"][2]
    assert is_right(edited) == (name != BOUND)
    assert edited["tool_calls"]


def test_a_call_of_another_model_is_told_to_gemini_as_google_says() -> None:
    made = Reply(tool_calls=(ToolCall(id="a", name="read", arguments={}),), model="claude-opus-5-5")

    def extra(name: str) -> Any:
        model = ModelSettings(provider="vertex", api="chat", token_limit=9)
        place = ProviderPlace(region="global", project="p")
        settings = Settings(models={name: model}, providers={"vertex": place})
        question = Question(Catalogue(settings).spec(name), go_on(made), [READ], None, 100)
        return wire_chat.request(question)["messages"][2]["tool_calls"][0].get("extra_content")

    assert extra("google/gemini-3-pro") == {"google": {"thought_signature": "skip_thought_signature_validator"}}
    assert extra("google/gemini-2.5-pro") is None
    assert extra("meta/llama-4") is None


async def test_a_server_that_wants_thoughts_behind_other_models_calls_is_told_of_none() -> None:
    """So a conversation goes on at DeepSeek or Kimi that another model began."""
    made = Reply(tool_calls=(ToolCall(id="a", name="read", arguments={}),), model="claude-opus-5-5")
    done = streams({"choices": [{"index": 0, "delta": {"content": "Done."}, "finish_reason": "stop"}]})
    asked: list[Any] = []

    async def kimi(request: web.Request) -> web.StreamResponse:
        asked.append((await request.json())["messages"][2].get("reasoning_content"))
        words = "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"
        return await (done if asked[-1] else says(400, {"error": {"message": words}}))(request)

    standin = StandIn("chat", "/v1/chat/completions", dict, more={"POST /v1/chat/completions": kimi})
    async with standin:
        model = SdkModel(make_spec(f"{standin.url}/v1"), None, idle=PATIENCE)
        assert (await model.ask(go_on(made), tools=[READ], max_output=100)).text == "Done."
    assert asked == [None, "."]


def test_a_small_window_has_no_room_for_thoughts() -> None:
    spec = make_spec("http://127.0.0.1:9/v1", context=8000)
    stream = wire_chat.ChatStream(Question(spec, talk("Mend it."), [READ], None, 100))
    stream.feed({"choices": [{"delta": {"reasoning_content": "Hm. " * 8000}}]})
    stream.feed({"choices": [{"delta": call("a"), "finish_reason": "tool_calls"}]})
    asked = Question(spec, go_on(stream.reply()), [READ], None, 100)
    assert "Hm. " in str(wire_chat.request(asked))
    assert "Hm. " not in str(wire_chat.request(fit(asked, 8000)))
