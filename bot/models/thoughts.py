"""What servers of the ``chat`` format want back with a turn that called tools: the thoughts behind the calls. No I/O.

Google signs each call (``extra_content``), OpenRouter lists thoughts (``reasoning_details``), DeepSeek and Kimi write a
text (``reasoning_content``). The models behind them refuse the next question where it is missing:
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures,
https://openrouter.ai/docs/guides/best-practices/reasoning-tokens, https://api-docs.deepseek.com/guides/thinking_mode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.models.catalogue import ModelSpec
from bot.models.port import Message
from bot.models.wire import Event, Json, Question

_KIND = "thoughts"
_WRITTEN = {"reasoning.text": "text", "reasoning.summary": "summary"}  # kinds that come in pieces
_UNBOUND = "google"
_SIGNED = re.compile(r"google/gemini-(?!1|2)")  # generations that refuse a call without a signature
# What Google documents for a call that another model made.
_FOREIGN = {"google": {"thought_signature": "skip_thought_signature_validator"}}


def list_kept(question: Question) -> Iterator[tuple[Message, list[Json] | None]]:
    """Pair messages with what goes back with them.

    Of a turn whose past was edited since, that is all but what may be bound to its past: Anthropic's signatures are.
    """
    for (message, whole), (_, kept) in zip(question.replayed(), question.replayed(edited=True), strict=True):
        yield message, whole or (kept and [_unbind(block) for block in kept])


def _unbind(block: Json) -> Json:
    details = block.get("fields", {}).get("reasoning_details")
    if not details or any(str(detail.get("format")).startswith(_UNBOUND) for detail in details):
        return block
    return block | {"fields": {}}


def forget_text(message: Message) -> Message:
    """Return a turn without a text of thoughts, for a small window.

    Signatures stay: they are short, and whoever signs looks for them.
    """
    blocks = message.opaque.blocks if message.opaque is not None else []
    if not any("reasoning_content" in block.get("fields", ()) for block in blocks):
        return message
    return message.model_copy(update={"opaque": None})


class Thoughts:
    """The thoughts of one answer, put together from its deltas."""

    def __init__(self) -> None:
        self._text: list[str] | None = None  # None: not told; DeepSeek wants an empty one back too
        self._details: list[Json] = []

    def take(self, delta: Event) -> None:
        """Take in what a delta brings."""
        if isinstance(text := delta.get("reasoning_content"), str):
            self._text = self._text or []
            self._text.append(text)
        for detail in delta.get("reasoning_details") or ():
            self._add(detail)

    def pack(self, extras: Sequence[Any]) -> list[Json]:
        """Return what goes back with a turn; ``extras`` has one for each call."""
        fields: Json = {}
        if self._details:
            fields["reasoning_details"] = self._details
        elif self._text is not None:
            fields["reasoning_content"] = "".join(self._text)
        if not extras or not (fields or any(extras)):
            return []
        return [{"type": _KIND, "fields": fields, "calls": list(extras)}]

    def _add(self, detail: Json) -> None:
        written = _WRITTEN.get(detail.get("type", ""))
        last = self._details[-1] if self._details else {}
        if written is None or (last.get("type"), last.get("index")) != (detail["type"], detail.get("index")):
            self._details.append(dict(detail))
            return
        told = {name: value for name, value in detail.items() if value is not None}
        self._details[-1] = last | told | {written: (last.get(written) or "") + (detail.get(written) or "")}


def give_back(turn: Json, kept: Sequence[Json] | None, spec: ModelSpec) -> None:
    """Put the thoughts behind a turn's calls into it, as servers take them."""
    calls: list[Json] = turn["tool_calls"]
    if kept and kept[0].get("type") == _KIND:
        turn.update(kept[0]["fields"])
        for call, extra in zip(calls, kept[0]["calls"], strict=False):
            if extra:
                call["extra_content"] = extra
    elif spec.provider == "vertex" and _SIGNED.match(spec.name):
        calls[0]["extra_content"] = _FOREIGN
