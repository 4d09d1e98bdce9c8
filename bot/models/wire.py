"""The parts of a wire format: a request and an answer's stream. No I/O."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

from bot.models import structured
from bot.models.catalogue import ModelSpec
from bot.models.port import BadAnswer, Conversation, Hear, Message, ModelDown, Opaque, Reply, Tool, ToolCall, Usage

Json = dict[str, Any]
Event = Mapping[str, Any]
Turn = tuple[Message, list[Json] | None]  # a message, and the blocks of it that go back as they are
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BYTES_A_TOKEN = 2
_FRAME_TOKENS = 500  # what providers add of their own around tools and turns


@dataclass(frozen=True)
class Question:
    """A call to a model: to whom, what, and how many tokens may come back."""

    spec: ModelSpec
    conversation: Conversation
    tools: Sequence[Tool]
    schema: Json | None
    max_output: int

    @property
    def goes_on(self) -> bool:
        """Return True if the same conversation is likely to be asked again.

        Whoever may call a tool is told its result; all other questions are asked once, and writing them to a cache
        costs more than it can save.
        """
        return bool(self.tools)

    @property
    def shares(self) -> bool:
        """Return True if other questions begin as this one does."""
        return any(message.shared for message in self.conversation.messages)

    @cached_property
    def cache_key(self) -> str:
        """Name what comes before all turns but the first.

        It is the same in every turn, and in all questions that share their beginning: a provider finds what it kept.
        """
        first = self.conversation.messages[0] if self.conversation.messages else None
        begin = "" if first is None else first.text[: first.shared] or first.text
        return hashlib.sha256("\0".join([*self._start, begin]).encode()).hexdigest()[:32]

    def replayed(self, *, edited: bool = False) -> list[Turn]:
        """Pair messages with the blocks that only this model may get back.

        Those whose past was edited since are left out unless ``edited``.
        """
        pairs: list[Turn] = []
        for message, past in zip(self.conversation.messages, self._pasts, strict=False):
            made = message.opaque
            fits = made is not None and made.model == self.spec.name and (edited or made.after == past)
            pairs.append((message, made.blocks if made is not None and fits else None))
        return pairs

    def keep(self, blocks: list[Json], plain: set[str]) -> Opaque | None:
        """Wrap ``blocks`` for replay, unless text and tool calls say it all."""
        if all(block.get("type") in plain for block in blocks):
            return None
        return Opaque(model=self.spec.name, after=self._pasts[-1], blocks=blocks)

    @property
    def _start(self) -> list[str]:
        return [self.conversation.system, *(tool.model_dump_json() for tool in self.tools)]

    @cached_property
    def _pasts(self) -> list[str]:
        """Hash the conversation before each message, and before the one to come."""
        digest = hashlib.sha256("\0".join(self._start).encode())
        pasts = [digest.hexdigest()]
        for message in self.conversation.messages:
            digest.update(message.model_dump_json(exclude={"opaque"}).encode())
            pasts.append(digest.hexdigest())
        return pasts


def name_calls(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Give calls that another model made names that every provider takes.

    Anthropic refuses some signs and a name that comes twice, OpenAI long ones; models without tool calls, and servers
    that name none, begin with the same names in each turn. Those of blocks that go back as they are stay.
    """
    known: set[str] = set()
    names: dict[str, str] = {}
    for message, kept in turns:
        for call in message.tool_calls:
            fits = kept or (call.id not in known and _NAME.fullmatch(call.id))
            names[call.id] = call.id if fits else f"renamed_{len(known)}"
            known.add(names[call.id])
        calls = tuple(call.model_copy(update={"id": names[call.id]}) for call in message.tool_calls)
        answered = names.get(message.tool_call_id or "", message.tool_call_id)
        yield message.model_copy(update={"tool_calls": calls, "tool_call_id": answered}), kept


class WrittenCall(NamedTuple):
    """A tool call as far as it is written, and the newest ``piece`` of it."""

    name: str
    arguments: str
    piece: str


class AnswerStream(Protocol):
    """A parser of a stream: fed its events in order, then asked for the reply.

    ``writing`` is the tool call that the last event went on with, None where it was something else.
    """

    usage: Usage | None
    writing: WrittenCall | None

    def feed(self, event: Event) -> None:
        """Take one event in. Raises :class:`ModelError` where the event is one."""

    def reply(self) -> Reply:
        """Return the whole answer; ModelDown where the stream ended early."""


def tell(stream: AnswerStream, hear: Hear) -> None:
    """Tell of the call that the last event went on with, if an item ended."""
    call = stream.writing
    if call is None or "}" not in call.piece:
        return
    begun = structured.parse_begun(call.arguments)
    if begun is not None:
        hear(call.name, begun)


def make_truncation(model: str) -> ModelDown:
    """Make the error for a stream that ended early."""
    return ModelDown(f"{model} stopped mid-answer: the stream ended early.")


def finish(question: Question, reply: Reply) -> Reply:
    """Parse the reply by the schema, if any, or raise :class:`BadAnswer`."""
    if question.schema is None or reply.tool_calls:
        return reply
    if reply.stop == "length":
        raise BadAnswer(f"The answer of {question.spec.name} was cut off at {question.max_output} tokens.")
    return reply.model_copy(update={"parsed": structured.parse(reply.text, question.schema)})


def stop_reason(*, cut: bool, calls: Sequence[ToolCall]) -> Literal["end", "tools", "length"]:
    """Say why an answer stopped: cut off, waiting for tools, or done."""
    if cut:
        return "length"
    return "tools" if calls else "end"


def estimate(question: Question) -> int:
    """Estimate the input tokens at worst.

    Source text has 2.5 to 4 bytes a token; 2 leaves room for what is denser.
    """
    return measure(question) // _BYTES_A_TOKEN + _FRAME_TOKENS


def measure(question: Question) -> int:
    """Return the bytes of a question."""
    conversation = question.conversation
    said = sum(len(message.model_dump_json().encode()) for message in conversation.messages)
    offered = sum(len(tool.model_dump_json().encode()) for tool in question.tools)
    extra = len(json.dumps(question.schema)) if question.schema else 0
    return len(conversation.system.encode()) + said + offered + extra
