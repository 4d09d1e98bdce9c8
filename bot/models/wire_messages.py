"""Anthropic's ``messages`` format.

https://docs.anthropic.com/en/api/messages-streaming
"""

from __future__ import annotations

import json
from typing import Any

from bot.models import structured
from bot.models.errors import make_error, make_refusal
from bot.models.port import Message, Reply, ToolCall, Usage
from bot.models.wire import Event, Json, Question, WrittenCall, make_truncation, name_calls, stop_reason

_CACHED = {"cache_control": {"type": "ephemeral"}}
_PLAIN = {"text", "tool_use"}


def request(question: Question) -> Json:
    """Build the body.

    Cache marks stand after what other questions share and, where the conversation goes on, after tools and system and
    at the ends of the last two turns: this one is read by the next, and the last one is found however many blocks came
    since, of which a provider looks back over twenty. They are four at most, as many as are allowed.
    """
    mark = _CACHED if question.goes_on else {}
    body: Json = {
        "model": question.spec.name,
        "max_tokens": question.max_output,
        "system": [{"type": "text", "text": question.conversation.system, **mark}],
        "messages": _turns(question),
        "stream": True,
    }
    if question.tools:
        body["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in question.tools
        ]
    if question.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": structured.make_portable(question.schema)}}
    return body


def _turns(question: Question) -> list[Json]:
    turns: list[Json] = []
    for message, kept in name_calls(question.replayed()):
        role = "assistant" if message.role == "assistant" else "user"
        blocks = kept or _blocks(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": list(blocks)})
    ends = [turn["content"] for turn in turns if turn["role"] == "user"]
    for content in ends[-2:] if question.goes_on else []:
        content[-1] = content[-1] | _CACHED
    return turns


def _blocks(message: Message) -> list[Json]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": message.text}]
    shared = message.text[: message.shared]
    own = message.text[message.shared :]
    said: list[Json] = [{"type": "text", "text": shared, **_CACHED}] if shared.strip() else []
    said += [{"type": "text", "text": own}] if own.strip() else []
    return said + [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in message.tool_calls
    ]


def _is_taken_back(block: Json) -> bool:
    """Return False for what Anthropic writes and refuses to get back.

    That is a blank text, and thoughts that broke off before their signature.
    """
    if block["type"] == "text":
        return bool(block["text"].strip())
    return block["type"] != "thinking" or bool(block.get("signature"))


class MessagesStream:
    """A stream of content blocks, each put together from its deltas."""

    def __init__(self, question: Question) -> None:
        self.usage: Usage | None = None
        self.writing: WrittenCall | None = None
        self._question = question
        self._model = question.spec.name
        self._counted: Json = {}
        self._blocks: dict[int, Json] = {}
        self._arguments: dict[int, str] = {}
        self._stop: str | None = None
        self._refusal: str | None = None
        self._ended = False

    def feed(self, event: Event) -> None:
        self.writing = None
        match event.get("type"):
            case "message_start":
                self._count(event["message"].get("usage"))
            case "content_block_start":
                self._blocks[event["index"]] = dict(event["content_block"])
            case "content_block_delta":
                self._extend(event["index"], event["delta"])
            case "message_delta":
                self._stop = event["delta"].get("stop_reason")
                self._refusal = (event["delta"].get("stop_details") or {}).get("explanation")
                self._count(event.get("usage"))
            case "message_stop":
                self._ended = True
            case "error":
                raise make_error(self._model, 200, event, {})

    def reply(self) -> Reply:
        if not self._ended or self._stop is None:
            raise make_truncation(self._model)
        if self._stop == "refusal":
            raise make_refusal(self._model, self._refusal)
        calls = tuple(self._call(index) for index, block in self._ordered() if block["type"] == "tool_use")
        length = self._stop in ("max_tokens", "model_context_window_exceeded")
        blocks = [block for _, block in self._ordered()]
        return Reply(
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            tool_calls=calls,
            opaque=self._question.keep([block for block in blocks if _is_taken_back(block)], _PLAIN),
            usage=self.usage or Usage(),
            stop=stop_reason(cut=length, calls=calls),
            model=self._model,
        )

    def _ordered(self) -> list[tuple[int, Json]]:
        return sorted(self._blocks.items())

    def _call(self, index: int) -> ToolCall:
        block = self._blocks[index]
        call = structured.parse_tool_call(
            block["id"], block["name"], self._arguments.get(index) or json.dumps(block["input"])
        )
        block["input"] = call.arguments
        return call

    def _extend(self, index: int, delta: Event) -> None:
        match delta.get("type"):
            case "text_delta":
                self._add(index, "text", delta["text"])
            case "thinking_delta":
                self._add(index, "thinking", delta["thinking"])
            case "signature_delta":
                self._add(index, "signature", delta["signature"])
            case "input_json_delta":
                piece = delta["partial_json"]
                said = self._arguments[index] = self._arguments.get(index, "") + piece
                self.writing = WrittenCall(self._blocks[index].get("name", ""), said, piece)

    def _add(self, index: int, field: str, more: str) -> None:
        block = self._blocks[index]
        block[field] = (block.get(field) or "") + more

    def _count(self, usage: Any) -> None:
        """Take in a count: later ones are cumulative and may lack some."""
        self._counted |= {name: value for name, value in (usage or {}).items() if isinstance(value, int)}
        read = self._counted.get("cache_read_input_tokens", 0)
        written = self._counted.get("cache_creation_input_tokens", 0)
        self.usage = Usage(
            input=self._counted.get("input_tokens", 0) + read + written,
            output=self._counted.get("output_tokens", 0),
            cached=read,
            cache_write=written,
        )
