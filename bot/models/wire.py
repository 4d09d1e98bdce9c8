"""What a wire format must do: build a request, gather a stream. Pure; :mod:`bot.models.client` does the talking."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.models import structured
from bot.models.catalogue import ModelSpec
from bot.models.port import BadAnswer, Conversation, Message, ModelDown, Opaque, Reply, Tool, Usage

Json = dict[str, Any]
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """All of one call: to whom, what, and how much may come back."""

    spec: ModelSpec
    conversation: Conversation
    tools: Sequence[Tool]
    schema: Json | None
    max_output: int

    def opaque(self, message: Message) -> list[Json] | None:
        """The blocks to replay instead of the message: only where this very model made them."""
        made = message.opaque
        return made.blocks if made and made.model == self.spec.name else None


class Gathering(Protocol):
    """Fed a stream's events in order; then asked for the reply."""

    usage: Usage | None

    def feed(self, event: Event) -> None:
        """Take one event in. Raises :class:`ModelError` where the event is one."""

    def reply(self) -> Reply:
        """The whole answer; raises :class:`ModelDown` where the stream ended early."""


def truncated(model: str) -> ModelDown:
    return ModelDown(f"{model} stopped in the middle of its answer: the stream ended early.")


def opaque(model: str, blocks: list[Json], plain: set[str]) -> Opaque | None:
    """``blocks`` to keep, where any is of a kind that text and tool calls cannot express."""
    return Opaque(model=model, blocks=blocks) if any(block.get("type") not in plain for block in blocks) else None


def finish(question: Question, reply: Reply) -> Reply:
    """``reply`` with ``parsed`` filled where a schema was given; raises :class:`BadAnswer` where it is not followed."""
    if question.schema is None or reply.tool_calls:
        return reply
    if reply.stop == "length":
        raise BadAnswer(f"The answer of {question.spec.name} was cut off at {question.max_output} tokens.")
    return reply.model_copy(update={"parsed": structured.parse(reply.text, question.schema)})


def estimate(question: Question) -> int:
    """Input tokens at worst. Source text has 2.5 to 4 bytes a token; 2 leaves room for what is denser."""
    conversation = question.conversation
    said = sum(len(message.model_dump_json().encode()) for message in conversation.messages)
    offered = sum(len(tool.model_dump_json().encode()) for tool in question.tools)
    extra = len(json.dumps(question.schema)) if question.schema else 0
    return (len(conversation.system.encode()) + said + offered + extra) // 2 + 500
