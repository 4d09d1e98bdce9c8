"""OpenAI's ``chat`` completions format, which every other server speaks too.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
import re
from typing import Any

from bot.models import structured
from bot.models.errors import make_error, make_refusal
from bot.models.port import Message, Reply, Usage
from bot.models.thoughts import Thoughts, give_back, list_kept
from bot.models.wire import Event, Json, Question, WrittenCall, make_truncation, stop_reason
from bot.models.wire_responses import answer_format

_NO_SHAPE = re.compile(r"response.?format.{0,40}unavailable|not support response.?format", re.IGNORECASE)
_NO_THOUGHTS = {"reasoning_content": "."}  # an empty text is none to Kimi
_SHAPE = "Answer with a JSON object that follows this JSON Schema, and with nothing else:"


def request(question: Question) -> Json:
    """Build the body.

    Old servers know only ``max_tokens``, the provider's own new models only its successor.
    """
    system = {"role": "system", "content": question.conversation.system}
    body: Json = {
        "model": question.spec.name,
        "max_completion_tokens" if question.spec.newest_chat else "max_tokens": question.max_output,
        "messages": [system, *(_turn(question, *turn) for turn in list_kept(question))],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if question.tools:
        body["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in question.tools]
    if question.schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": answer_format(question.schema)}
    return body


def lessen(request: Json, refusal: object) -> Json | None:
    """Return the request as a server that refused it may take it, else None.

    Mistral counts tokens without being asked, and refuses to be asked. DeepSeek gives JSON, and is told in words which;
    it and Kimi want thoughts behind every call, also behind those of other models.
    """
    words = str(refusal)
    if "reasoning_content" in words:
        sent = request.get("messages", [])
        turns = [_NO_THOUGHTS | turn if "tool_calls" in turn else turn for turn in sent]
        return request | {"messages": turns} if turns != sent else None
    if "stream_options" in request and "stream_options" in words:
        return {key: value for key, value in request.items() if key != "stream_options"}
    wanted = request.get("response_format", {}).get("json_schema")
    if not wanted or not _NO_SHAPE.search(words):
        return None
    system, *turns = request["messages"]
    told = f"{system['content']}\n\n{_SHAPE}\n{json.dumps(wanted['schema'])}"
    messages = [system | {"content": told}, *turns]
    return request | {"response_format": {"type": "json_object"}, "messages": messages}


def _turn(question: Question, message: Message, kept: list[Json] | None) -> Json:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    turn: Json = {"role": message.role, "content": message.text}
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in message.tool_calls
        ]
        give_back(turn, kept, question.spec)
    return turn


class ChatStream:
    """A stream of deltas.

    Servers differ in where they put the usage and whether they number tool calls.
    """

    def __init__(self, question: Question) -> None:
        self.usage: Usage | None = None
        self.writing: WrittenCall | None = None
        self._question = question
        self._model = question.spec.name
        self._thoughts = Thoughts()
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[Json] = []
        self._finish: str | None = None

    def feed(self, event: Event) -> None:
        self.writing = None
        if error := event.get("error"):
            raise make_error(self._model, 200, error, {})
        self.usage = _usage(event.get("usage")) or self.usage
        for choice in event.get("choices") or ():
            if error := choice.get("error"):
                raise make_error(self._model, 200, error, {})
            delta = choice.get("delta") or {}
            self._text.append(_read_text(delta.get("content")))
            self._refusal.append(delta.get("refusal") or "")
            self._thoughts.take(delta)
            for part in delta.get("tool_calls") or ():
                self._take_call(part)
            self._finish = choice.get("finish_reason") or self._finish

    def reply(self) -> Reply:
        if self._finish in (None, "error"):  # the latter is a router's, for a provider that broke off
            raise make_truncation(self._model)
        if self._finish == "content_filter" or any(self._refusal):
            raise make_refusal(self._model, "".join(self._refusal))
        calls = tuple(
            structured.parse_tool_call(call["id"] or f"call_{index}", call["name"], call["arguments"])
            for index, call in enumerate(self._calls)
        )
        return Reply(
            text="".join(self._text),
            tool_calls=calls,
            opaque=self._question.keep(self._thoughts.pack([call["extra"] for call in self._calls]), set()),
            usage=self.usage or Usage(),
            stop=stop_reason(cut=self._finish == "length", calls=calls),
            model=self._model,
        )

    def _take_call(self, part: Event) -> None:
        function = part.get("function") or {}
        call = self._find_call(part, function.get("name"))
        call["id"] = part.get("id") or call["id"]
        call["name"] = function.get("name") or call["name"]
        call["extra"] = part.get("extra_content") or call["extra"]
        told = function.get("arguments") or ""
        piece = told if isinstance(told, str) else json.dumps(told)  # llama.cpp has sent objects
        call["arguments"] += piece
        self.writing = WrittenCall(call["name"], call["arguments"], piece)

    def _find_call(self, part: Event, name: str | None) -> Json:
        """Return the call that a part goes on with, or a new one.

        Ollama gives all calls of an answer one index: another id with a name begins a new call there.
        """
        index, identity = part.get("index"), part.get("id")
        if index is None:
            call = None if identity or not self._calls else self._calls[-1]
        else:
            call = next((call for call in reversed(self._calls) if call["index"] == index), None)
        if call is None or (name and call["id"] and identity not in (None, "", call["id"])):
            call = {"index": index, "id": "", "name": "", "arguments": "", "extra": None}
            self._calls.append(call)
        return call


def _read_text(content: Any) -> str:
    """Return the text of a delta.

    Mistral's models that reason send a list, thoughts apart.
    """
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content or ""


def _usage(usage: Any) -> Usage | None:
    """Read a count.

    Reasoning of xAI, and of Gemini behind gateways, is in the total alone; it is paid as output.
    """
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    read = usage.get("prompt_tokens") or 0
    return Usage(
        input=read,
        output=max(usage.get("completion_tokens") or 0, (usage.get("total_tokens") or 0) - read),
        cached=details.get("cached_tokens") or 0,
        cache_write=details.get("cache_write_tokens") or 0,
    )
