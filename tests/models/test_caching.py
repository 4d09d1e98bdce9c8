"""What a provider can read from its cache while a conversation goes on, counted by the providers' rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from bot.models import wire_chat, wire_messages, wire_responses
from bot.models.catalogue import ModelSpec
from bot.models.port import Conversation, Message, Reply, ToolCall
from bot.models.wire import Question
from bot.work.loop import shorten_history
from bot.work.toolset import tools_for
from simhub import model_formats
from simhub.prompt_cache import Prompt, PromptCache
from tests.models.test_catalogue import BOTH, catalogue
from tests.support.models import MODEL_OF

SYSTEM = "You mend bugs. " * 300
BLOCKS: dict[str, list[dict[str, Any]]] = {
    "messages": [{"type": "thinking", "thinking": "Hm.", "signature": "signed"}, {"type": "text", "text": "Next."}],
    "responses": [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Next."}]},
    ],
}
REQUESTS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "messages": wire_messages.request,
    "responses": wire_responses.request,
    "chat": wire_chat.request,
}


def spec_of(protocol: str) -> ModelSpec:
    given = {"local-coder": {"base_url": "http://x/v1", "input_price": 1, "output_price": 2}}
    return catalogue(**BOTH, models=given).spec(MODEL_OF[protocol])


def turns(protocol: str, spec: ModelSpec) -> Iterator[Question]:
    """Ask as a fix does: reasoning, many calls at once, results of all sizes, work that is sent back."""
    messages: tuple[Message, ...] = (Message(role="user", text="First task. " * 500),)
    for number in range(40):
        conversation = Conversation(system=SYSTEM, messages=shorten_history(messages))
        question = Question(spec, conversation, tools_for(spec.name), None, 8192)
        yield question
        calls = tuple(
            ToolCall(id=f"c{number}-{each}", name="read", arguments={"path": f"é{each}.py", "end": 9, "a": None})
            for each in range(14 if number == 7 else 1 + number % 2)
        )
        kept = question.keep(BLOCKS[protocol], set()) if protocol in BLOCKS and number % 3 == 0 else None
        said = Reply(text="Next.", tool_calls=calls, opaque=kept, model=spec.name).as_message()
        results = [Message(role="tool", text="line\n" * (300 + number * 40), tool_call_id=one.id) for one in calls]
        again = [Message(role="user", text="These gates did not pass.")] if number % 10 == 9 else []
        # as they come back from the database
        stored = [Message.model_validate_json(one.model_dump_json()) for one in (said, *results, *again)]
        messages = (*messages, *stored)


def cut(question: Question) -> int:
    return sum("[cut here" in message.text for message in question.conversation.messages)


@pytest.mark.parametrize("protocol", ["messages", "responses", "chat"])
def test_a_turn_begins_byte_for_byte_with_the_one_before(protocol: str) -> None:
    asked = list(turns(protocol, spec_of(protocol)))
    bodies = [json.loads(json.dumps(REQUESTS[protocol](question))) for question in asked]
    prompts = [Prompt.of(model_formats.read(protocol, body, {})) for body in bodies]
    changed = [
        number
        for number, (before, after) in enumerate(pairwise(prompts), 1)
        if after.pieces[: len(before.pieces)] != before.pieces
    ]
    # old results are cut in steps of ten: each step loses what was kept behind the first of them, once
    steps = [number for number in range(1, len(asked)) if cut(asked[number]) != cut(asked[number - 1])]
    assert changed == steps
    assert 0 < len(steps) <= 5
    assert all(len(prompt.marks) <= 4 for prompt in prompts)


@pytest.mark.parametrize("protocol", ["messages", "responses"])
def test_most_of_what_goes_on_is_read_from_the_cache(protocol: str) -> None:
    cache = PromptCache()
    asked = [model_formats.read(protocol, REQUESTS[protocol](one), {}) for one in turns(protocol, spec_of(protocol))]
    counts = [cache.count(one) for one in asked]
    assert counts[0].cached == 0
    later = counts[1:]
    assert sum(one.cached for one in later) >= 0.8 * sum(one.input for one in later)
    # the turn after fourteen calls at once, further than a provider looks back
    assert counts[8].cached >= 0.9 * counts[7].input


@pytest.mark.parametrize("protocol", ["messages", "responses"])
def test_a_single_question_writes_nothing(protocol: str) -> None:
    said = Message(role="user", text="Which of these files? " * 2000)
    question = Question(spec_of(protocol), Conversation(system=SYSTEM, messages=(said,)), (), None, 8192)
    asked = model_formats.read(protocol, REQUESTS[protocol](question), {})
    cache = PromptCache()
    assert [cache.count(asked)[1:] for _ in range(2)] == [(0, 0), (0, 0)]
