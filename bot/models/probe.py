"""Try out a model: what it can do is seen, not believed.

Two tiny questions are asked. Servers of weak local models answer both without a word of warning: they ignore tools
that the model's template does not know, and count no tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.models.client import SdkModel
from bot.models.port import BadAnswer, Conversation, Message, ModelError, Reply, Tool
from bot.models.structured import STRING, closed_object
from bot.types import JsonModel

_MAX_OUTPUT = 2_000  # tokens: models that reason first need most of them for that
_SYSTEM = "You are being tried out. Do what is asked and nothing else."
_TOOL = Tool(name="report", description="Report a word.", parameters=closed_object(word=STRING))
_CALL_IT = "Call the tool `report` with the word `ready`."
_ANSWER = closed_object(colour={"type": "string", "enum": ["red", "green", "blue"]})
_FILL_IT = (
    "Which colour has grass? Answer with a JSON object that has the one member `colour`: red, green or blue. Write no "
    "word beside it."
)
ONE_WORD = Conversation(
    system="You are asked a word, to see whether you can be reached.",
    messages=(Message(role="user", text="Answer with the word: ready"),),
)
ONE_WORD_OUTPUT = 1024  # tokens: some models think before they say a word
_CONTEXT_NAMES = ("max_model_len", "context_length", "max_context_length", "n_ctx")


class Probe(JsonModel):
    """Abilities of a model that was tried; ``problem`` if it did not answer."""

    problem: str = ""
    calls_tools: bool = False
    keeps_schema: bool = False
    counts_tokens: bool = False
    context: int | None = None  # tokens, where a server of one's own says it
    cost: float = 0.0  # dollars


async def probe(model: SdkModel) -> Probe:
    """Ask for a tool call and for an answer of a given shape."""
    try:
        called = await model.ask(_talk(_CALL_IT), tools=[_TOOL], max_output=_MAX_OUTPUT)
        filled = await _fill(model)
    except ModelError as error:
        return Probe(problem=error.message)
    replies = [called] if filled is None else [called, filled]
    return Probe(
        calls_tools=any(call.name == _TOOL.name and call.error is None for call in called.tool_calls),
        keeps_schema=filled is not None,
        counts_tokens=not any(reply.estimated for reply in replies),
        context=None if model.spec.at_home else find_context(await model.list_offered(), model.name),
        cost=sum(model.spec.cost(reply.usage) for reply in replies),
    )


async def _fill(model: SdkModel) -> Reply | None:
    try:
        return await model.ask(_talk(_FILL_IT), schema=_ANSWER, max_output=_MAX_OUTPUT)
    except BadAnswer:
        return None


def _talk(text: str) -> Conversation:
    return Conversation(system=_SYSTEM, messages=(Message(role="user", text=text),))


def find_context(offered: Iterable[Mapping[str, Any]], name: str) -> int | None:
    """Return the tokens that a server says the model holds.

    vLLM, OpenRouter, LM Studio and llama.cpp each have a name of their own for it; the last keeps it in ``meta``.
    """
    listed = list(offered)
    named = [entry for entry in listed if entry.get("id") == name]
    if not named and len(listed) > 1:
        return None  # a server of one model answers to any name
    for entry in named or listed:
        meta = entry.get("meta")
        fields = {**(meta if isinstance(meta, Mapping) else {}), **entry}
        told = [fields[key] for key in _CONTEXT_NAMES if isinstance(fields.get(key), int)]
        if told and told[0] > 0:
            return int(told[0])
    return None
