"""OpenAI's ``responses`` format, used without storage on the provider's side.

https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import json
from typing import Any

from bot.models import structured
from bot.models.errors import make_error, make_refusal
from bot.models.port import Message, Reply, Usage
from bot.models.wire import Event, Json, Question, WrittenCall, make_truncation, name_calls, stop_reason

_PLAIN = {"message", "function_call"}
_BREAKPOINT = {"prompt_cache_breakpoint": {"mode": "explicit"}}


def request(question: Question) -> Json:
    """Build the body; reasoning comes encrypted, as nothing is stored there.

    OpenAI caches by itself up to the newest turn, at a price since GPT-5.6. A conversation that goes on lets it and
    says with a key where it was kept; a single question forbids it, but for what others share.
    """
    # other servers that speak this format may refuse what they do not know
    knows_caching = question.spec.packaged and question.spec.provider == "openai"
    turns = name_calls(question.replayed())
    body: Json = {
        "model": question.spec.name,
        "max_output_tokens": question.max_output,
        "instructions": question.conversation.system,
        "input": [item for message, kept in turns for item in kept or _items(message, knows_caching)],
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }
    if question.tools:
        body["tools"] = [{"type": "function", "strict": False, **tool.model_dump()} for tool in question.tools]
    if question.schema is not None:
        body["text"] = {"format": {"type": "json_schema", **answer_format(question.schema)}}
    if knows_caching and (question.goes_on or question.shares):
        body["prompt_cache_key"] = question.cache_key
    if knows_caching and not question.goes_on:
        body["prompt_cache_options"] = {"mode": "explicit"}
    return body


def answer_format(schema: Json) -> Json:
    """Wrap the schema as OpenAI takes it, strict where that is possible."""
    return {"name": "answer", "schema": structured.make_portable(schema), "strict": structured.is_strict(schema)}


def _items(message: Message, knows_caching: bool) -> list[Json]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": message.text}]
    content: str | list[Json] = _mark_shared(message) if knows_caching and message.shared else message.text
    said: list[Json] = [{"role": message.role, "content": content}] if message.text else []
    return said + [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": json.dumps(call.arguments)}
        for call in message.tool_calls
    ]


def _mark_shared(message: Message) -> list[Json]:
    """Return the content in two parts, with a mark between them."""
    own = message.text[message.shared :]
    shared: Json = {"type": "input_text", "text": message.text[: message.shared], **_BREAKPOINT}
    return [shared, *([{"type": "input_text", "text": own}] if own else [])]


class ResponsesStream:
    """A stream whose terminal event carries the whole response."""

    def __init__(self, question: Question) -> None:
        self.usage: Usage | None = None
        self.writing: WrittenCall | None = None
        self._question = question
        self._model = question.spec.name
        self._response: Json | None = None
        self._names: dict[Any, str] = {}
        self._arguments: dict[Any, str] = {}

    def feed(self, event: Event) -> None:
        self.writing = None
        match event.get("type"):
            case "response.output_item.added":
                self._names[event["output_index"]] = event["item"].get("name") or ""
            case "response.function_call_arguments.delta":
                index, piece = event["output_index"], event["delta"]
                said = self._arguments[index] = self._arguments.get(index, "") + piece
                self.writing = WrittenCall(self._names.get(index, ""), said, piece)
            case "response.completed" | "response.incomplete" | "response.failed":
                self._response = dict(event["response"])
                self.usage = _usage(self._response.get("usage"))
                if error := self._response.get("error"):
                    raise make_error(self._model, 200, error, {})
            case "error":
                raise make_error(self._model, 200, event, {})

    def reply(self) -> Reply:
        if self._response is None:
            raise make_truncation(self._model)
        reason = (self._response.get("incomplete_details") or {}).get("reason")
        items: list[Json] = self._response["output"]
        parts = [part for item in items if item["type"] == "message" for part in item["content"]]
        refusals = [part["refusal"] for part in parts if part["type"] == "refusal"]
        if refusals or reason == "content_filter":
            raise make_refusal(self._model, " ".join(refusals))
        calls = tuple(
            structured.parse_tool_call(item["call_id"], item["name"], item["arguments"])
            for item in items
            if item["type"] == "function_call"
        )
        # A null ``status`` is an error in an item that goes back as input; a missing one is not.
        blocks = [{name: value for name, value in item.items() if value is not None} for item in items]
        while blocks and blocks[-1]["type"] == "reasoning":  # cut off: it is refused without what it led to
            blocks.pop()
        return Reply(
            text="".join(part["text"] for part in parts if part["type"] == "output_text"),
            tool_calls=calls,
            opaque=self._question.keep(blocks, _PLAIN),
            usage=self.usage or Usage(),
            stop=stop_reason(cut=bool(reason), calls=calls),
            model=self._model,
        )


def _usage(usage: Any) -> Usage | None:
    if not usage:
        return None
    details = usage.get("input_tokens_details") or {}
    return Usage(
        input=usage["input_tokens"],
        output=usage["output_tokens"],
        cached=details.get("cached_tokens") or 0,
        cache_write=details.get("cache_write_tokens") or 0,
    )
