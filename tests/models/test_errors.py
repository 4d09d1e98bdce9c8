"""Every way a provider can fail, from real HTTP answers, becomes one of our errors."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.errors import make_error, read_retry_after
from bot.models.port import ContextTooLong, ModelBusy, ModelDown, ModelError, ModelQuota, ModelRefused, Reply
from bot.models.structured import BOOLEAN, closed_object
from simhub.scripted_model import ScriptedModel
from tests.support.models import FORMATS, KEY, MODEL_OF, scripted_settings, talk
from tests.support.patience import PATIENCE

FAULTS: list[tuple[dict[str, Any], type[ModelError], dict[str, Any]]] = [
    ({"fault": "busy", "retry_after": 7}, ModelBusy, {"retry_after": 7.0}),
    ({"fault": "busy"}, ModelBusy, {"retry_after": None}),
    ({"fault": "overloaded"}, ModelBusy, {"retry_after": None}),
    ({"fault": "stream_error"}, ModelBusy, {"retry_after": None}),
    ({"fault": "quota"}, ModelQuota, {"until": None}),
    ({"fault": "bad_key"}, ModelRefused, {"reason": "key"}),
    ({"fault": "no_model"}, ModelRefused, {"reason": "model"}),
    ({"fault": "bad_request"}, ModelRefused, {"reason": "request"}),
    ({"refusal": "I will not."}, ModelRefused, {"reason": "policy"}),
    ({"fault": "too_long"}, ContextTooLong, {"limit": 200000}),
    ({"fault": "too_large"}, ContextTooLong, {"limit": None}),
    ({"fault": "down"}, ModelDown, {}),
    ({"fault": "reset", "text": "half " * 50}, ModelDown, {}),
    ({"fault": "truncate", "text": "half " * 50}, ModelDown, {}),
    ({"fault": "malformed", "text": "half " * 50}, ModelDown, {}),
]


async def ask(server: ScriptedModel, protocol: str, *, idle: float = PATIENCE, **overrides: Any) -> Reply:
    catalogue = Catalogue(scripted_settings(server, **overrides))
    spec = catalogue.spec(MODEL_OF[protocol])
    return await SdkModel(spec, catalogue.key(spec), idle=idle).ask(talk("Mend it."), max_output=100)


@pytest.mark.parametrize("protocol", FORMATS)
@pytest.mark.parametrize(("reply", "kind", "details"), FAULTS, ids=lambda value: str(value)[:40])
async def test_each_fault_is_the_right_error(
    server: ScriptedModel, protocol: str, reply: dict[str, Any], kind: type[ModelError], details: dict[str, Any]
) -> None:
    server.script.on(reply)
    with pytest.raises(ModelError) as caught:
        await ask(server, protocol)
    assert type(caught.value) is kind
    assert caught.value.details.items() >= details.items()
    assert MODEL_OF[protocol] in caught.value.message
    assert len(server.requests) == 1, "the SDK asked again by itself"


@pytest.mark.parametrize("protocol", FORMATS)
async def test_silence_ends_in_time(server: ScriptedModel, protocol: str) -> None:
    server.script.on({"text": "late", "delay": 10 * PATIENCE})
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ModelDown, match="sent nothing for"):
            await ask(server, protocol, idle=0.3)


@pytest.mark.parametrize("protocol", FORMATS)
async def test_an_answer_without_end_is_broken_off(
    server: ScriptedModel, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.models.client._SPARE_BYTES", 0)
    server.script.on({"text": "and on " * 10_000, "delay": 0.001})
    with pytest.raises(ModelDown, match="went on after the 100 tokens"):
        await ask(server, protocol)


async def test_nobody_listening(server: ScriptedModel) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ModelDown, match="cannot be reached"):
        await ask(server, "messages", anthropic_base_url=address)


async def test_tokens_of_a_broken_answer_are_known(server: ScriptedModel) -> None:
    server.script.on({"fault": "truncate", "text": "half " * 50, "usage": {"input": 5000}})
    with pytest.raises(ModelDown) as caught:
        await ask(server, "messages")
    assert caught.value.detail("input") == 5000


async def test_a_key_echoed_by_the_provider_is_not_repeated(server: ScriptedModel) -> None:
    server.script.on({"fault": "bad_key", "message": f"Incorrect API key provided: {KEY}."})
    with pytest.raises(ModelRefused) as caught:
        await ask(server, "responses")
    assert KEY not in str(caught.value.to_json())
    assert "***" in caught.value.message


async def test_a_key_that_an_error_breaks_off_in_is_not_repeated(server: ScriptedModel) -> None:
    """OpenAI's keys have 164 characters, and of an error's words 200 are told."""
    key = "sk-proj-" + "a1B2" * 39
    server.script.on({"fault": "bad_key", "message": f"LiteLLM: the key that was passed is not known. Key={key}"})
    with pytest.raises(ModelRefused) as caught:
        await ask(server, "responses", openai_api_key=key)
    assert "Key=***" in caught.value.message
    assert "a1B2" not in caught.value.message


@pytest.mark.parametrize("protocol", ["messages", "responses"])
async def test_a_long_list_of_models_is_read_to_its_end(server: ScriptedModel, protocol: str) -> None:
    server.keys = {KEY: ""}
    server.models = [f"model-{number}" for number in range(25)]
    catalogue = Catalogue(scripted_settings(server))
    spec = catalogue.spec(MODEL_OF[protocol])
    listed = await SdkModel(spec, catalogue.key(spec), idle=PATIENCE).list_models()
    assert [each["id"] for each in listed] == server.models


@asynccontextmanager
async def other_server(**handlers: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server of the test's own; names of handlers are the last part of their path under ``/v1``."""
    app = web.Application()
    for name, handler in handlers.items():
        app.router.add_post("/v1/" + {"completions": "chat/completions"}.get(name, name), handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_redirect_does_not_carry_the_key_away(server: ScriptedModel) -> None:
    seen: list[str] = []

    async def thief(request: web.Request) -> web.Response:
        seen.append(request.headers.get("authorization", ""))
        return web.json_response({})

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect("/v1/stolen")

    async with other_server(stolen=thief, messages=elsewhere) as url:
        with pytest.raises(ModelDown):
            await ask(server, "messages", anthropic_base_url=url)
    assert seen == []


async def answer_in_deltas(server: ScriptedModel, *deltas: dict[str, Any], **more: Any) -> Reply:
    """Return what is understood of an answer in these deltas; ``more`` are members of the last event."""
    events: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]} | more)

    async def own_way(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            await response.write(b"data: %s\n\n" % json.dumps(event).encode())
        return response

    async with other_server(completions=own_way) as url:
        return await ask(server, "chat", models={"local-coder": {"base_url": f"{url}/v1", "token_limit": 9000}})


async def test_a_server_with_its_own_idea_of_chat_is_understood(server: ScriptedModel) -> None:
    """No usage, no index on tool calls: seen of servers that call themselves compatible."""
    calls = [
        {"id": "a", "function": {"name": "read", "arguments": '{"n": '}},
        {"function": {"arguments": "1}"}},
        {"id": "b", "function": {"name": "read", "arguments": '{"n": 2}'}},
    ]
    reply = await answer_in_deltas(server, {"content": "Hi."}, *({"tool_calls": [call]} for call in calls))
    assert reply.text == "Hi."
    assert [(call.id, call.arguments) for call in reply.tool_calls] == [("a", {"n": 1}), ("b", {"n": 2})]
    assert reply.usage.input > 0
    assert reply.usage.output > 0


async def test_calls_that_share_an_index_stay_apart(server: ScriptedModel) -> None:
    """Ollama gives every call of an answer the index 0; old vLLM gives every piece of a call an id of its own."""
    whole = [
        {"index": 0, "id": name, "function": {"name": "read", "arguments": json.dumps({"path": name})}} for name in "ab"
    ]
    reply = await answer_in_deltas(server, *({"tool_calls": [call]} for call in whole))
    assert [(call.id, call.arguments) for call in reply.tool_calls] == [("a", {"path": "a"}), ("b", {"path": "b"})]
    pieces = [
        {"index": 0, "id": "x", "function": {"name": "read", "arguments": ""}},
        {"index": 0, "id": "y", "function": {"arguments": '{"path": '}},
        {"index": 0, "id": "z", "function": {"arguments": '"a"}'}},
    ]
    reply = await answer_in_deltas(server, *({"tool_calls": [piece]} for piece in pieces))
    assert [call.arguments for call in reply.tool_calls] == [{"path": "a"}]


async def test_a_server_that_will_not_be_asked_for_a_count_is_asked_without(server: ScriptedModel) -> None:
    refused = {"type": "extra_forbidden", "loc": ["body", "stream_options", "include_usage"], "msg": "Extra inputs"}
    asked: list[bool] = []

    async def mistral(request: web.Request) -> web.StreamResponse:
        asked.append("stream_options" in await request.json())
        if asked[-1]:
            return web.json_response({"object": "error", "message": {"detail": [refused]}}, status=422)
        body = {"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": "stop"}]}
        body["usage"] = {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}
        return web.Response(text=f"data: {json.dumps(body)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")

    async with other_server(completions=mistral) as url:
        reply = await ask(server, "chat", models={"local-coder": {"base_url": f"{url}/v1", "token_limit": 9000}})
    assert asked == [True, False]
    assert (reply.text, reply.usage.input, reply.estimated) == ("Yes.", 20, False)


async def test_a_server_without_schemas_is_told_the_shape_in_words(server: ScriptedModel) -> None:
    seen: list[dict[str, Any]] = []

    async def deepseek(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        if seen[-1]["response_format"] != {"type": "json_object"}:
            words = "This response_format type is unavailable now"
            return web.json_response({"error": {"message": words, "type": "invalid_request_error"}}, status=400)
        body = {"choices": [{"index": 0, "delta": {"content": '{"ok": true}'}, "finish_reason": "stop"}]}
        return web.Response(text=f"data: {json.dumps(body)}\n\ndata: [DONE]\n\n", content_type="text/event-stream")

    async with other_server(completions=deepseek) as url:
        settings = scripted_settings(server, models={"m": {"base_url": f"{url}/v1", "token_limit": 9000}})
        model = SdkModel(Catalogue(settings).spec("m"), None, idle=PATIENCE)
        reply = await model.ask(talk("Judge."), schema=closed_object(ok=BOOLEAN), max_output=100)
    assert reply.parsed == {"ok": True}
    first, second = (each["messages"] for each in seen)
    assert second[0]["content"].startswith(first[0]["content"])
    assert '"ok": {"type": "boolean"}' in second[0]["content"]
    assert first[1:] == second[1:]


async def test_text_in_parts_and_arguments_that_are_an_object_are_read(server: ScriptedModel) -> None:
    """So Mistral's models that reason write, and llama.cpp's server has called."""
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]
    call = {"index": 0, "id": "a", "function": {"name": "read", "arguments": {"path": "a"}}}
    said = [{"content": thought}, {"content": [{"type": "text", "text": "Look"}]}, {"content": "ing."}]
    reply = await answer_in_deltas(server, *said, {"tool_calls": [call]})
    assert (reply.text, reply.tool_calls[0].arguments) == ("Looking.", {"path": "a"})


async def test_reasoning_that_stands_in_the_total_alone_is_paid(server: ScriptedModel) -> None:
    """So xAI counts, and gateways of Gemini: 405 tokens of thought beside 198 of answer."""
    counted = {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623}
    reply = await answer_in_deltas(server, {"content": "36."}, usage=counted)
    assert (reply.usage.input, reply.usage.output) == (20, 603)
    plain = await answer_in_deltas(server, {"content": "36."}, usage=counted | {"total_tokens": 218})
    bare = await answer_in_deltas(server, {"content": "36."}, usage=counted | {"total_tokens": None})
    assert plain.usage.output == bare.usage.output == 198


async def test_cancelling_ends_the_request(server: ScriptedModel) -> None:
    server.script.on({"text": "late", "delay": 30})
    asking = asyncio.create_task(ask(server, "messages"))
    while not server.requests:
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


def test_quota_says_until_when() -> None:
    words = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
    limit = make_error("m", 400, {"error": {"type": "invalid_request_error", "message": words}}, {})
    assert isinstance(limit, ModelQuota)
    assert limit.detail("until") == 1796083200.0
    hours = make_error("m", 429, {"error": {"type": "rate_limit_error"}}, {"Retry-After": "7200"})
    assert isinstance(hours, ModelQuota)
    assert float(hours.detail("until") or 0) == pytest.approx(time.time() + 7200, abs=PATIENCE)
    spent = make_error("m", 429, {"error": {"type": "insufficient_quota", "code": "project_spend_limit_exceeded"}}, {})
    assert isinstance(spent, ModelQuota)
    tier = {"error": {"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}}}
    assert isinstance(make_error("m", 429, tier, {}), ModelQuota)


def test_a_model_that_a_project_may_not_ask_spoils_no_key() -> None:
    words = "Project `proj_1` does not have access to model `gpt-6-astra`"
    body = {"message": words, "type": "invalid_request_error", "param": None, "code": "model_not_found"}
    assert make_error("gpt-6-astra", 403, {"error": body}, {}).detail("reason") == "model"


def test_a_prompt_that_was_flagged_is_declined_and_not_asked_again() -> None:
    flagged = {"code": "invalid_prompt", "message": "Your prompt was flagged as violating our usage policy."}
    for status in (200, 400):
        error = make_error("m", status, flagged, {})
        assert (type(error), error.detail("reason")) == (ModelRefused, "policy")


def test_a_model_that_does_not_reason_is_told_the_format_to_set() -> None:
    words = {"message": "Encrypted content is not supported with this model.", "param": "include"}
    error = make_error("gpt-4.1", 400, {"error": words}, {})
    assert (type(error), error.detail("reason")) == (ModelRefused, "request")
    assert "Set models.gpt-4.1.api to `chat`" in error.message


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("Rate limit reached for gpt-6-sol on tokens per min (TPM): Limit 1. Please try again in 1.2s. Visit", 1.2),
        ("Rate limit reached. Please try again in 20ms.", 0.02),
        ("Rate limit reached. Please try again in 7m12s.", 432.0),
        ("Rate limit reached. Please try again in a while.", None),
        ("You exceeded your current quota, please check your plan and billing details. Please retry in 40.5s.", 40.5),
    ],
)
def test_a_wait_may_stand_in_the_words_alone(words: str, wait: float | None) -> None:
    """An error within a stream has no headers; Gemini has none at all, and calls a limit a minute a quota."""
    limited = {"code": "rate_limit_exceeded", "message": words}
    gemini = [{"error": {"code": 429, "message": words, "status": "RESOURCE_EXHAUSTED"}}]
    for status, body in ((200, limited), (429, gemini)):
        error = make_error("m", status, body, {})
        assert (type(error), error.detail("retry_after")) == (ModelBusy, wait)
    told = make_error("m", 429, {"error": limited}, {"retry-after": "3"})
    assert told.detail("retry_after") == 3.0


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length", 200000),
        ("Your input exceeds the context window of this model. Please adjust your input and try again.", None),
        ("This endpoint's maximum context length is 131072 tokens. However, you requested about 145000", 131072),
        ("Input is too long for requested model.", None),
        ("The input token count (1300000) exceeds the maximum number of tokens allowed (1048576).", 1048576),
        ("This model's maximum prompt length is 131072 but the request contains 537812 tokens", 131072),
        ("Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)", 262144),
        (
            "You passed 99073 input tokens and requested 32000 output tokens. However, the model's context length is "
            "only 131072 tokens, resulting in a maximum input length of 99072 tokens.",
            131072,
        ),
        ("The decoder prompt (length 8357) is longer than the maximum model length of 8192.", 8192),
        (
            "Trying to keep the first 5406 tokens when context the overflows. However, the model is loaded with "
            "context length of only 4096 tokens, which is not enough.",
            4096,
        ),
        ("prompt too long; exceeded max context length by 42 tokens", None),
    ],
)
def test_each_house_says_too_long_in_its_own_words(words: str, limit: int | None) -> None:
    """Anthropic, OpenAI, OpenRouter, Bedrock, Gemini, xAI, Kimi, vLLM twice, LM Studio (no object), Ollama."""
    behind = {"message": "Provider returned error", "metadata": {"raw": json.dumps({"error": {"message": words}})}}
    for body in ({"error": {"message": words}}, {"error": words}, {"error": behind}):
        error = make_error("m", 400, body, {})
        assert (type(error), error.detail("limit")) == (ContextTooLong, limit)
        assert words[:40] in error.message


def test_a_router_tells_what_the_provider_behind_it_said() -> None:
    raw = {"message": "Provider returned error", "metadata": {"raw": "tools.0.name: too long", "provider_name": "x"}}
    error = make_error("m", 400, {"error": raw}, {})
    assert isinstance(error, ModelRefused)
    assert "Provider returned error tools.0.name: too long" in error.message
    spent = raw | {"metadata": {"raw": "You exceeded your current quota"}}
    assert isinstance(make_error("m", 429, {"error": spent}, {}), ModelBusy), "that account is the router's"


@pytest.mark.parametrize(
    "body", [None, "", "<html>502</html>", [], {"error": None}, {"error": "no"}, {"error": {"code": 7}}]
)
def test_any_body_can_be_read(body: object) -> None:
    assert isinstance(make_error("m", 502, body, {}), ModelDown)
    assert isinstance(make_error("m", 529, body, {}), ModelBusy)


def test_both_shapes_of_retry_after() -> None:
    assert read_retry_after({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert read_retry_after({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert read_retry_after({"Retry-After": "soon"}) is None
    assert read_retry_after({}) is None
