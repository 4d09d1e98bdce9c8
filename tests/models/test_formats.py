"""Three wire formats, text, tools, schemas and what is replayed, over real HTTP through the real SDKs."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

from bot.models import structured
from bot.models.port import BadAnswer, Message, Reply, Tool, ToolCall
from bot.store.store import Store
from simhub.scripted_model import ScriptedModel
from tests.support.models import FORMATS, KEY, MODEL_OF, new_gateway, scripted_settings, spender, talk

READ = Tool(
    name="read",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)
VERDICT = {
    "type": "object",
    "properties": {"verdict": {"enum": ["pass", "fail"]}, "score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["verdict", "score"],
}


class Asker:
    """Asks one wire format, a new step each time."""

    def __init__(self, server: ScriptedModel, store: Store, protocol: str) -> None:
        self.server, self.protocol = server, protocol
        self._gateway = new_gateway(store, scripted_settings(server))
        self._steps = itertools.count()

    async def __call__(self, *turns: str | Message, **options: Any) -> Reply:
        paying = spender(task=self.protocol, role="fix", models=[MODEL_OF[self.protocol]])
        step = options.pop("step", f"ask{next(self._steps)}")
        return await self._gateway.ask(paying, step, "fix", talk(*turns), **options)


@pytest.fixture(params=FORMATS)
def ask(request: pytest.FixtureRequest, server: ScriptedModel, store: Store) -> Asker:
    return Asker(server, store, request.param)


async def test_text_comes_back_whole_with_its_tokens_and_cost(ask: Asker) -> None:
    text = "Grüße: the cause is in parse.py, line 41. " * 20
    ask.server.script.on({"text": text, "usage": {"input": 1000, "output": 200, "cached": 600}})
    reply = await ask("Why?")
    assert (reply.text, reply.stop, reply.tool_calls, reply.opaque) == (text, "end", (), None)
    assert reply.usage.model_dump() == {"input": 1000, "output": 200, "cached": 600, "cache_write": 0}
    price = {"messages": (2, 0.1, 10), "responses": (2, 0.1, 10), "chat": (1, 1, 2)}[ask.protocol]
    assert reply.cost == pytest.approx((400 * price[0] + 600 * price[1] + 200 * price[2]) / 1e6)
    asked = ask.server.requests[0]
    assert (asked.protocol, asked.model, asked.system, asked.user) == (
        ask.protocol,
        MODEL_OF[ask.protocol],
        "You mend bugs.",
        "Why?",
    )
    assert asked.body["stream"] is True


async def test_a_call_is_heard_of_while_it_is_written(ask: Asker) -> None:
    """The server does not say the rest before two of three items were heard of."""
    items = [{"path": f"a{number}.py", "quote": 'x = {"]}": [1]}'} for number in range(3)]
    two = asyncio.Event()
    heard: list[tuple[str, Any]] = []

    def hear(name: str, arguments: dict[str, Any]) -> None:
        heard.append((name, arguments["items"]))
        if len(arguments["items"]) == 2:
            two.set()

    told = {"tool_calls": [{"name": "report", "arguments": {"items": items, "more": [{"path": "b.py"}]}}]}
    ask.server.script.on({**told, "hold": two.wait})
    report = Tool(name="report", description="Report.", parameters={"type": "object"})
    reply = await ask("Report.", tools=[report], step="report", hear=hear)
    assert [call.arguments for call in reply.tool_calls] == [told["tool_calls"][0]["arguments"]]
    assert {name for name, _ in heard} == {"report"}
    assert all(said == items[: len(said)] for _, said in heard), "only what is whole"
    count = len(heard)
    assert await ask("Report.", tools=[report], step="report", hear=hear) == reply
    assert len(heard) == count, "what was bought is not written again"


def test_only_whole_items_are_read_of_what_is_being_written() -> None:
    items = [{"quote": quote} for quote in ('{"a": [{}]}', '\\" ]}', "")]
    text = json.dumps({"items": items, "files": [{"path": "a.py"}]})
    read = [value for end in range(len(text)) if (value := structured.parse_begun(text[:end])) is not None]
    assert all(value["items"] == items[: len(value["items"])] for value in read)
    assert max(len(value["items"]) for value in read) == 3
    assert [structured.parse_begun(text) for text in ("", "}", "[{}", '{"a": {"b": [{}', "[" * 99_999 + "}")] == [
        None
    ] * 5


async def test_tools_are_offered_called_and_answered(ask: Asker) -> None:
    calls = [{"name": "read", "arguments": {"path": "a.py"}}, {"name": "read", "arguments": {"path": "b.py"}}]
    ask.server.script.on({"text": "Let me look.", "tool_calls": calls}, turn=0, tool="read")
    ask.server.script.on({"text": "Found it."}, turn=1, result="x = 2")
    first = await ask("Find the bug.", tools=[READ])
    assert [call.arguments for call in first.tool_calls] == [{"path": "a.py"}, {"path": "b.py"}]
    assert first.stop == "tools"
    results = [
        Message(role="tool", text=text, tool_call_id=call.id)
        for text, call in zip(("x = 1", "x = 2"), first.tool_calls, strict=True)
    ]
    second = await ask("Find the bug.", first.as_message(), *results, tools=[READ])
    assert second.text == "Found it."


async def test_arguments_that_are_no_json_are_an_error_for_the_model_to_read(ask: Asker) -> None:
    bad = [
        {"name": "read", "raw": '{"path": '},
        {"name": "read", "raw": "[1]"},
        {"name": "read", "arguments": {"path": "a"}},
    ]
    ask.server.script.on({"tool_calls": bad})
    broken, listed, fine = (await ask("Go.", tools=[READ])).tool_calls
    assert (broken.arguments, listed.arguments, fine.arguments) == ({}, {}, {"path": "a"})
    assert "not valid JSON" in str(broken.error)
    assert "must be a JSON object" in str(listed.error)
    assert fine.error is None


async def test_a_schema_is_sent_and_checked_here(ask: Asker) -> None:
    ask.server.script.on({"json": {"verdict": "pass", "score": 9}})
    ask.server.script.on({"text": '```json\n{"verdict": "fail", "score": 1}\n```'})
    assert (await ask("Judge.", schema=VERDICT)).parsed == {"verdict": "pass", "score": 9}
    assert (await ask("Judge.", schema=VERDICT)).parsed == {"verdict": "fail", "score": 1}
    body = ask.server.requests[0].body
    sent = {
        "messages": lambda: body["output_config"]["format"]["schema"],
        "responses": lambda: body["text"]["format"]["schema"],
        "chat": lambda: body["response_format"]["json_schema"]["schema"],
    }[ask.protocol]()
    assert sent["additionalProperties"] is False
    assert sent["properties"]["score"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ({"text": "It passes."}, "not JSON"),
        ({"json": {"verdict": "maybe", "score": 11}}, r"\$\.verdict is not one of.*\$\.score is out of range"),
        ({"json": {"verdict": "pass"}}, r"\$\.score is missing"),
        ({"text": '{"verdict": "pa', "stop": "length"}, "cut off at 50 tokens"),
    ],
)
async def test_an_answer_off_its_schema_says_where(ask: Asker, reply: dict[str, Any], words: str) -> None:
    ask.server.script.on(reply)
    with pytest.raises(BadAnswer, match=words):
        await ask("Judge.", schema=VERDICT, max_output=50)


async def test_a_long_answer_is_marked_as_cut(ask: Asker) -> None:
    ask.server.script.on({"text": "and then", "stop": "length"})
    assert (await ask("Tell.")).stop == "length"


@pytest.mark.parametrize("protocol", ["messages", "responses"])
async def test_reasoning_goes_back_verbatim_to_its_own_model_only(
    server: ScriptedModel, store: Store, protocol: str
) -> None:
    ask = Asker(server, store, protocol)
    thinking = {
        "reasoning": "secret thoughts",
        "text": "Looking.",
        "tool_calls": [{"name": "read", "arguments": {"path": "a"}}],
    }
    server.script.on(thinking)
    for _ in range(3):
        server.script.on({"text": "ok"})
    first = await ask("Think.", tools=[READ])
    assert first.opaque is not None
    assert first.opaque.model == MODEL_OF[protocol]
    answer = Message(role="tool", text="x", tool_call_id=first.tool_calls[0].id)
    restored = Reply.model_validate_json(first.model_dump_json()).as_message()
    await ask("Think.", restored, answer, tools=[READ])
    await Asker(server, store, "chat")("Think.", restored, answer, tools=[READ])
    await ask("Think. [shortened]", restored, answer, tools=[READ])
    signed = "signed:secret thoughts" if protocol == "messages" else "sealed:secret thoughts"
    own, foreign = server.requests[1].body, server.requests[2].body
    assert signed in str(own)
    kept = own["messages"][1]["content"] if protocol == "messages" else own["input"][1:4]
    assert kept == first.opaque.blocks
    assert "secret thoughts" not in str(foreign)
    assert "secret thoughts" not in str(server.requests[3].body), (
        "blocks whose past was edited are refused by providers"
    )
    assert foreign["messages"][2]["tool_calls"][0]["id"] == first.tool_calls[0].id


@pytest.mark.parametrize("protocol", ["messages", "responses"])
@pytest.mark.parametrize(
    "begun",
    [
        {"reasoning": "thoughts that broke off", "stop": "length"},
        {"reasoning": "thoughts", "text": " ", "tool_calls": [{"name": "read", "arguments": {}}]},
    ],
    ids=["cut in its thoughts", "blank text"],
)
async def test_what_a_provider_refuses_to_get_back_is_left_out(
    server: ScriptedModel, store: Store, protocol: str, begun: dict[str, Any]
) -> None:
    ask = Asker(server, store, protocol)
    server.script.on(begun)
    server.script.on({"text": "Done."})
    first = await ask("Think.", tools=[READ])
    results = [Message(role="tool", text="x", tool_call_id=call.id) for call in first.tool_calls]
    last = results or [Message(role="user", text="Call a tool.")]
    assert (await ask("Think.", first.as_message(), *last, tools=[READ])).text == "Done."
    kept = first.opaque.blocks if first.opaque is not None else []
    assert [block["type"] for block in kept] == ([] if "stop" in begun else _KINDS[protocol])


@pytest.mark.parametrize("protocol", ["messages", "responses"])
async def test_calls_that_other_models_named_are_taken_by_every_house(
    server: ScriptedModel, store: Store, protocol: str
) -> None:
    """A model without tool calls names the first of each turn alike; Kimi's names have a colon, some are long."""
    turns: list[Message] = []
    for number, name in enumerate(["call_0", "call_0", "functions.read:0", "x" * 80, "good"]):
        call = ToolCall(id=name, name="read", arguments={"path": str(number)})
        turns += [Message(role="assistant", tool_calls=(call,)), Message(role="tool", text=name, tool_call_id=name)]
    server.script.on({"text": "Done."})
    assert (await Asker(server, store, protocol)("Mend it.", *turns, tools=[READ])).text == "Done."
    body = server.requests[0].body
    blocks = [block for turn in body.get("messages", ()) for block in turn["content"]] or body["input"]
    key = {"messages": ("id", "tool_use_id"), "responses": ("call_id", "call_id")}[protocol]
    made = [block[key[0]] for block in blocks if block.get("type") in ("tool_use", "function_call")]
    told = [block[key[1]] for block in blocks if block.get("type") in ("tool_result", "function_call_output")]
    assert made == told
    assert (len(set(made)), made[0], made[-1]) == (5, "call_0", "good")


_KINDS = {"messages": ["thinking", "tool_use"], "responses": ["reasoning", "message", "function_call"]}


async def test_anthropic_is_told_what_to_cache(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "ok"}, reusable=True)
    history = [
        Message(role="assistant", text="Yes?"),
        Message(role="user", text="One."),
        Message(role="user", text="Two."),
    ]
    ask = Asker(server, store, "messages")
    await ask("Hi.", *history, tools=[READ])
    await ask("Hi.", *history)
    going_on, single = (asked.body for asked in server.requests)
    marks = [block.get("cache_control") for turn in going_on["messages"] for block in turn["content"]]
    assert [turn["role"] for turn in going_on["messages"]] == ["user", "assistant", "user"]
    assert marks == [{"type": "ephemeral"}, None, None, {"type": "ephemeral"}]
    assert going_on["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert "cache_control" not in str(single)


async def test_openai_is_told_where_a_conversation_is_kept_and_to_keep_nothing_else(
    server: ScriptedModel, store: Store
) -> None:
    server.script.on({"text": "ok"}, reusable=True)
    ask = Asker(server, store, "responses")
    await ask("Hi.", tools=[READ])
    await ask("Hi.", Message(role="assistant", text="Yes?"), "Go on.", tools=[READ])
    await ask("Hello.", tools=[READ])
    await ask("Hi.")
    first, second, other, single = (asked.body for asked in server.requests)
    assert first["prompt_cache_key"] == second["prompt_cache_key"] != other["prompt_cache_key"]
    assert not any("prompt_cache_options" in body for body in (first, second, other))
    assert single["prompt_cache_options"] == {"mode": "explicit"}
    assert "prompt_cache_key" not in single


async def test_what_other_questions_share_is_marked_also_in_single_ones(server: ScriptedModel, store: Store) -> None:
    server.script.on({"text": "ok"}, reusable=True)
    for protocol in FORMATS:
        for concern in ("tests", "names"):
            asked = Message(role="user", text=f"The diff.\n\nConcern: {concern}.", shared=11)
            await Asker(server, store, f"{protocol}")(asked, step=concern)
    messages, responses, chat = (asked.body for asked in server.requests[::2])
    shared = {"type": "text", "text": "The diff.\n\n", "cache_control": {"type": "ephemeral"}}
    assert messages["messages"][-1]["content"] == [shared, {"type": "text", "text": "Concern: tests."}]
    part = {"type": "input_text", "text": "The diff.\n\n", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert responses["input"][-1]["content"] == [part, {"type": "input_text", "text": "Concern: tests."}]
    assert responses["prompt_cache_key"] == server.requests[3].body["prompt_cache_key"]
    assert chat["messages"][-1]["content"] == "The diff.\n\nConcern: tests."


async def test_keys_go_only_where_they_belong(server: ScriptedModel, store: Store) -> None:
    for protocol in FORMATS:
        server.script.on({"text": protocol})
        gateway = new_gateway(store, scripted_settings(server))
        await gateway.ask(spender(role="fix", models=[MODEL_OF[protocol]]), protocol, "fix", talk("Hi."))
    assert [KEY in str(asked.headers) for asked in server.requests] == [True, True, False]
