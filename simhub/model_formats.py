"""The wire formats as a server speaks them, both ways: requests read into one shape, scripted replies written out."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
PATHS = {"/v1/messages": "messages", "/v1/responses": "responses", "/v1/chat/completions": "chat"}
CHARACTERS_A_TOKEN = 4
_PIECE = 40
_numbers = itertools.count(1)
_FAULTS: dict[str, tuple[int, str, str, str]] = {
    # name: status, Anthropic's error type, OpenAI's error code, message
    "busy": (429, "rate_limit_error", "rate_limit_exceeded", "Rate limit reached."),
    "overloaded": (529, "overloaded_error", "server_is_overloaded", "Overloaded."),
    "down": (500, "api_error", "server_error", "Internal server error."),
    "quota": (400, "invalid_request_error", "", "Your credit balance is too low to access the Anthropic API."),
    "bad_key": (401, "authentication_error", "invalid_api_key", "Incorrect API key provided."),
    "no_model": (404, "not_found_error", "model_not_found", "The model does not exist."),
    "bad_request": (400, "invalid_request_error", "invalid_value", "tools.0: wrong"),
    "too_long": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "prompt is too long: 208310 tokens > 200000 maximum",
    ),
    "too_large": (413, "request_too_large", "", "Request exceeds the maximum size."),
}
_OPENAI_QUOTA = (429, "", "insufficient_quota", "You exceeded your current quota, please check your plan and billing.")
_OPENAI_OVERLOADED = (503, "", "server_is_overloaded", "Overloaded.")


@dataclass(frozen=True)
class ModelRequest:
    """A request in one shape, whichever format it came in; ``body`` and ``headers`` are what was sent."""

    protocol: str
    model: str
    system: str
    user: str
    result: str
    text: str
    turn: int
    tools: tuple[str, ...]
    body: Json
    headers: dict[str, str] = field(default_factory=dict)

    def summary(self) -> Json:
        return {
            "protocol": self.protocol,
            "model": self.model,
            "system": self.system,
            "user": self.user,
            "turn": self.turn,
        }


def read(protocol: str, body: Json, headers: Mapping[str, str]) -> ModelRequest:
    """Read a request as :class:`ModelRequest`; header names are lower case."""
    system, turns = _turns(protocol, body)
    assistants = [i for i, (role, _) in enumerate(turns) if role == "assistant"]
    groups = sum(1 for i in assistants if i == 0 or turns[i - 1][0] != "assistant")
    return ModelRequest(
        protocol=protocol,
        model=str(body.get("model", "")),
        system=system,
        user=_last(turns, "user"),
        result=_last(turns, "tool"),
        text="\n".join([system, *(text for _, text in turns)]),
        turn=groups,
        tools=tuple(tool.get("name") or tool["function"]["name"] for tool in body.get("tools") or ()),
        body=body,
        headers={name.lower(): value for name, value in headers.items()},
    )


def _last(turns: list[tuple[str, str]], role: str) -> str:
    return next((text for who, text in reversed(turns) if who == role), "")


def _turns(protocol: str, body: Json) -> tuple[str, list[tuple[str, str]]]:
    if protocol == "responses":
        items = body.get("input") or []
        listed = [{"role": "user", "content": items}] if isinstance(items, str) else items
        return str(body.get("instructions") or ""), [_item(item) for item in listed]
    messages: list[Json] = body.get("messages") or []
    if protocol == "chat":
        system = "\n".join(_flat(m["content"]) for m in messages if m["role"] in ("system", "developer"))
        return system, [(m["role"], _flat(m)) for m in messages if m["role"] not in ("system", "developer")]
    return _flat(body.get("system")), [turn for message in messages for turn in _parts(message)]


def _item(item: Json) -> tuple[str, str]:
    match item.get("type"):
        case "function_call_output":
            return "tool", _flat(item["output"])
        case "function_call" | "reasoning":
            return "assistant", json.dumps(item)
    return item["role"], _flat(item["content"])


def _parts(message: Json) -> Iterator[tuple[str, str]]:
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for block in blocks:
        if block["type"] == "tool_result":
            yield "tool", _flat(block.get("content"))
        else:
            yield message["role"], block["text"] if block["type"] == "text" else json.dumps(block)


def _flat(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(_flat(part) for part in content)
    if isinstance(content, Mapping):
        calls = json.dumps(content["tool_calls"]) if content.get("tool_calls") else ""
        return str(content.get("text") or content.get("content") or "") + calls
    return str(content or "")


def find_fault(protocol: str, body: Json) -> str:
    """Return why a provider refuses what is sent back to it, else ""."""
    if protocol == "messages":
        turns = (message["content"] for message in body.get("messages") or ())
        blocks = [block for content in turns if not isinstance(content, str) for block in content]
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            return "messages: text content blocks must be non-empty"
        if any(block["type"] == "thinking" and not block["signature"] for block in blocks):
            return "messages.1.content.0: Invalid `signature` in `thinking` block"
        names = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if not all(re.fullmatch("[a-zA-Z0-9_-]+", name) for name in names):
            return "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
        if len(set(names)) < len(names):
            return "messages.3.content.0: `tool_use` ids must be unique"
    if protocol == "responses" and not isinstance(items := body.get("input") or [], str):
        if any(len(item.get("call_id", "")) > 64 for item in items):
            return "Invalid 'input[1].call_id': string too long. Expected a string with maximum length 64."
        for item, following in itertools.pairwise([*items, {"role": "user"}]):
            if item.get("type") == "reasoning" and following.get("role") == "user":
                return f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
    return ""


def error_body(protocol: str, kind: str, message: str, code: str = "") -> Json:
    """Render an error in the provider's own shape."""
    if protocol == "messages":
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_scripted"}
    return {"error": {"message": message, "type": kind, "param": None, "code": code or None}}


def fault(protocol: str, name: str, reply: Json) -> tuple[int, Json, dict[str, str]]:
    """``(status, body, headers)`` of a scripted HTTP error."""
    status, kind, code, message = _FAULTS[name]
    if protocol != "messages":
        special = {"quota": _OPENAI_QUOTA, "overloaded": _OPENAI_OVERLOADED}
        status, _, code, message = special.get(name, (status, kind, code, message))
        kind = "invalid_request_error" if status < 429 else "server_error"
        if name == "quota":
            kind = code
    headers = {"retry-after": str(reply["retry_after"])} if "retry_after" in reply else {}
    return int(reply.get("status", status)), error_body(protocol, kind, reply.get("message", message), code), headers


def error_event(protocol: str) -> str:
    """Render an error in the middle of a stream."""
    if protocol == "messages":
        return _sse(error_body("messages", "overloaded_error", "Overloaded"), "error")
    if protocol == "responses":
        event = {
            "type": "error",
            "code": "server_is_overloaded",
            "message": "Overloaded",
            "param": None,
            "sequence_number": 9,
        }
        return _sse(event, "error")
    return _sse(error_body("chat", "server_error", "Overloaded", "server_is_overloaded"))


def whole(asked: ModelRequest, reply: Json) -> Json:
    """Render the answer as one JSON document."""
    if asked.protocol == "messages":
        message = _message(asked, reply)
        for block in message["content"]:
            if block["type"] == "tool_use":
                block["input"] = json.loads(block["input"])
        return message
    return (_response if asked.protocol == "responses" else _completion)(asked, reply)


def stream(asked: ModelRequest, reply: Json) -> list[str]:
    """Render the answer as server-sent events, text in small pieces."""
    return {"messages": _message_events, "responses": _response_events, "chat": _chunks}[asked.protocol](asked, reply)


def count_said(event: str) -> int:
    """Count the characters of the answer that an event brings."""
    data = json.loads(event.partition("data: ")[2].replace("[DONE]", "{}"))
    delta: str | Json = data.get("delta") or next((choice["delta"] for choice in data.get("choices", ())), {})
    if isinstance(delta, str):
        return len(delta)
    calls = [call["function"]["arguments"] for call in delta.get("tool_calls", ())]
    texts = [delta.get(name) or "" for name in ("text", "thinking", "partial_json", "content")]
    return sum(map(len, [*texts, *calls]))


def _sse(data: Json | str, name: str | None = None) -> str:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {data if isinstance(data, str) else json.dumps(data)}\n\n"


def _text(reply: Json) -> str:
    return json.dumps(reply["json"]) if "json" in reply else str(reply.get("text", ""))


def _calls(reply: Json, prefix: str) -> list[Json]:
    return [
        {
            "id": call.get("id") or f"{prefix}_{next(_numbers)}",
            "name": call["name"],
            "arguments": call["raw"] if "raw" in call else json.dumps(call.get("arguments", {})),
        }
        for call in reply.get("tool_calls") or ()
    ]


def count_usage(asked: ModelRequest, reply: Json) -> dict[str, int]:
    """Count an answer's tokens: as the reply says, else characters / 4."""
    counted = {
        "input": max(1, len(json.dumps(asked.body)) // CHARACTERS_A_TOKEN),
        "output": max(1, len(json.dumps(reply)) // CHARACTERS_A_TOKEN),
        "cached": 0,
        "cache_write": 0,
    }
    return counted | dict(reply.get("usage") or {})


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


# -- messages


def _message(asked: ModelRequest, reply: Json) -> Json:
    used = count_usage(asked, reply)
    content: list[Json] = []
    if "reasoning" in reply:
        cut = reply.get("stop") == "length" and not _text(reply)  # the signature comes last
        signature = "" if cut else f"signed:{reply['reasoning']}"
        content.append({"type": "thinking", "thinking": reply["reasoning"], "signature": signature})
    if text := _text(reply):
        content.append({"type": "text", "text": text})
    calls = _calls(reply, "toolu")
    content += [{"type": "tool_use", "id": c["id"], "name": c["name"], "input": c["arguments"]} for c in calls]
    stop = "tool_use" if calls else "end_turn"
    if "refusal" in reply:
        stop = "refusal"
    return {
        "id": f"msg_{next(_numbers)}",
        "type": "message",
        "role": "assistant",
        "model": asked.model,
        "content": content,
        "stop_reason": "max_tokens" if reply.get("stop") == "length" else stop,
        "stop_sequence": None,
        "stop_details": {"type": "refusal", "category": None, "explanation": reply["refusal"]}
        if "refusal" in reply
        else None,
        "usage": {
            "input_tokens": used["input"] - used["cached"] - used["cache_write"],
            "cache_read_input_tokens": used["cached"],
            "cache_creation_input_tokens": used["cache_write"],
            "output_tokens": used["output"],
        },
    }


def _message_events(asked: ModelRequest, reply: Json) -> list[str]:
    message = _message(asked, reply)
    blocks, usage = message["content"], message["usage"]
    start = message | {"content": [], "stop_reason": None, "usage": usage | {"output_tokens": 1}}
    events: list[Json] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        opened, deltas = _deltas(block)
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    ending = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    events.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": usage["output_tokens"]}})
    events.append({"type": "message_stop"})
    return [_sse(event, event["type"]) for event in events]


def _deltas(block: Json) -> tuple[Json, list[Json]]:
    match block["type"]:
        case "thinking":
            thought = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            opened = {"type": "thinking", "thinking": "", "signature": ""}
            return opened, [*thought, signed] if block["signature"] else thought
        case "tool_use":
            parts = [{"type": "input_json_delta", "partial_json": piece} for piece in _pieces(block["input"])]
            return block | {"input": {}}, parts
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]


# -- responses


def _response(asked: ModelRequest, reply: Json) -> Json:
    used = count_usage(asked, reply)
    length = reply.get("stop") == "length"
    return {
        "id": f"resp_{next(_numbers)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "incomplete" if length else "completed",
        "model": asked.model,
        "output": _output(reply),
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if length else None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": asked.body.get("tools", []),
        "usage": {
            "input_tokens": used["input"],
            "input_tokens_details": {"cached_tokens": used["cached"], "cache_write_tokens": used["cache_write"]},
            "output_tokens": used["output"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": used["input"] + used["output"],
        },
    }


def _output(reply: Json) -> list[Json]:
    items: list[Json] = []
    if "reasoning" in reply:
        sealed = f"sealed:{reply['reasoning']}"
        items.append(
            {
                "type": "reasoning",
                "id": f"rs_{next(_numbers)}",
                "summary": [],
                "encrypted_content": sealed,
                "status": None,
            }
        )
    parts: list[Json] = []
    if "refusal" in reply:
        parts.append({"type": "refusal", "refusal": reply["refusal"]})
    elif text := _text(reply):
        parts.append({"type": "output_text", "text": text, "annotations": []})
    if parts:
        items.append(
            {
                "type": "message",
                "id": f"msg_{next(_numbers)}",
                "role": "assistant",
                "status": "completed",
                "content": parts,
            }
        )
    for call in _calls(reply, "call"):
        named = {"call_id": call["id"], "name": call["name"], "arguments": call["arguments"]}
        items.append({"type": "function_call", "id": f"fc_{next(_numbers)}", "status": "completed", **named})
    return items


def _response_events(asked: ModelRequest, reply: Json) -> list[str]:
    response = _response(asked, reply)
    events: list[Json] = [
        {"type": "response.created", "response": response | {"status": "in_progress", "output": [], "usage": None}}
    ]
    for index, item in enumerate(response["output"]):
        begun: Json = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
        events.append({"type": "response.output_item.added", "output_index": index, "item": item | begun})
        texts = [part["text"] for part in item.get("content", ()) if part["type"] == "output_text"]
        for piece in (piece for text in texts for piece in _pieces(text)):
            place = {"item_id": item["id"], "output_index": index, "content_index": 0}
            events.append({"type": "response.output_text.delta", "delta": piece, "logprobs": [], **place})
        for piece in _pieces(item.get("arguments", "")):
            place = {"item_id": item["id"], "output_index": index}
            events.append({"type": "response.function_call_arguments.delta", "delta": piece, **place})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": f"response.{response['status']}", "response": response})
    return [_sse(event | {"sequence_number": number}, event["type"]) for number, event in enumerate(events)]


# -- chat


def _completion(asked: ModelRequest, reply: Json) -> Json:
    message, reason = _chat_message(reply)
    common = {"id": f"chatcmpl-{next(_numbers)}", "created": int(time.time()), "model": asked.model}
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    return common | {"object": "chat.completion", "choices": [choice], "usage": _chat_usage(asked, reply)}


def _chat_message(reply: Json) -> tuple[Json, str]:
    calls = [
        {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}}
        for c in _calls(reply, "call")
    ]
    message: Json = {"role": "assistant", "content": _text(reply) or None, "refusal": reply.get("refusal")}
    stop = "stop"
    if calls:
        message["tool_calls"] = calls
        stop = "tool_calls"
    return message, "length" if reply.get("stop") == "length" else stop


def _chat_usage(asked: ModelRequest, reply: Json) -> Json:
    used = count_usage(asked, reply)
    return {
        "prompt_tokens": used["input"],
        "completion_tokens": used["output"],
        "total_tokens": used["input"] + used["output"],
        "prompt_tokens_details": {"cached_tokens": used["cached"]},
    }


def _chunks(asked: ModelRequest, reply: Json) -> list[str]:
    message, reason = _chat_message(reply)
    chunk: Json = {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": asked.model,
    }
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in _pieces(message["content"] or "")]
    if message["refusal"]:
        deltas.append({"refusal": message["refusal"]})
    for index, call in enumerate(message.get("tool_calls", ())):
        arguments = call["function"]["arguments"]
        opened = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        deltas.append({"tool_calls": [opened]})
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in _pieces(arguments)]
    events = [chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    events.append(chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if (asked.body.get("stream_options") or {}).get("include_usage"):
        events.append(chunk | {"choices": [], "usage": _chat_usage(asked, reply)})
    return [*(_sse(event) for event in events), _sse("[DONE]")]
