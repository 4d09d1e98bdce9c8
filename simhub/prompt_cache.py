"""What providers keep of prompts and read again, by their rules of 2026, as far as a request shows it.

Anthropic keeps what stands before each ``cache_control`` mark, and finds it at a mark or up to 20 blocks before one.
OpenAI keeps what stands before each ``prompt_cache_breakpoint`` and, unless the mode is ``explicit``, the whole prompt;
it looks among prompts of the same ``prompt_cache_key``. Nothing shorter than 1,024 tokens is kept (some models: 512 or
4,096), a token being four characters of what was sent. Nothing expires, and a prompt is kept at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simhub.model_formats import Json, ModelRequest

LEAST = 1024
_CHARACTERS_A_TOKEN = 4
_LOOK_BACK = 20
_MARKS = ("cache_control", "prompt_cache_breakpoint")


class Counted(NamedTuple):
    """The tokens of a prompt: all, those read from the cache, those written to it."""

    input: int
    cached: int
    cache_write: int


@dataclass(frozen=True)
class Prompt:
    """A prompt in pieces. ``marks`` are how many of them stand before each cache mark."""

    place: tuple[str, ...]  # prompts of other places are never read
    pieces: tuple[str, ...]
    marks: tuple[int, ...]
    look_back: int | None  # pieces before a mark

    @classmethod
    def of(cls, asked: ModelRequest) -> Prompt:
        """Cut a request of any format into pieces."""
        pieces: list[str] = []
        marks: list[int] = []
        for block in _blocks(asked):
            bare = {name: value for name, value in block.items() if name not in _MARKS}
            pieces.append(json.dumps(bare, ensure_ascii=False))
            if any(name in block for name in _MARKS):
                marks.append(len(pieces))
        if asked.protocol != "messages" and (asked.body.get("prompt_cache_options") or {}).get("mode") != "explicit":
            marks.append(len(pieces))
        place = (asked.protocol, asked.model, str(asked.body.get("prompt_cache_key", "")))
        return cls(place, tuple(pieces), tuple(marks), _LOOK_BACK if asked.protocol == "messages" else None)

    @property
    def tokens(self) -> int:
        return self._until(len(self.pieces))

    def count(self, kept: list[Prompt]) -> Counted:
        """Count the tokens, given the prompts that were kept before."""
        cached = max((self._read_from(one) for one in kept), default=0)
        marked = self._until(max(self.marks, default=0))
        return Counted(self.tokens, cached, max(0, marked - cached) if marked >= LEAST else 0)

    def _read_from(self, before: Prompt) -> int:
        if before.place != self.place or not self.marks:
            return 0
        same = [mark for mark in before.marks if self.pieces[:mark] == before.pieces[:mark] and self._looks_at(mark)]
        found = self._until(max(same, default=0))
        return found if found >= LEAST else 0

    def _looks_at(self, end: int) -> bool:
        return any(mark - end >= 0 and (self.look_back is None or mark - end <= self.look_back) for mark in self.marks)

    def _until(self, end: int) -> int:
        return sum(map(len, self.pieces[:end])) // _CHARACTERS_A_TOKEN


@dataclass
class PromptCache:
    """The prompts of one account, in the order in which they came."""

    kept: list[Prompt] = field(default_factory=list)

    def count(self, asked: ModelRequest) -> Counted:
        """Count a request's tokens, and keep it."""
        prompt = Prompt.of(asked)
        counted = prompt.count(self.kept)
        self.kept.append(prompt)
        return counted


def _blocks(asked: ModelRequest) -> Iterator[Json]:
    """List the prompt as a provider caches it: tools, system, messages."""
    body = asked.body
    yield {"tools": body.get("tools", []), "format": body.get("output_config") or body.get("text")}
    if asked.protocol == "responses":
        yield {"instructions": body.get("instructions")}
    yield from _list(body.get("system"))
    for turn in body.get("messages") or body.get("input") or ():
        rest = {name: value for name, value in turn.items() if name != "content"}
        yield from ({**rest, **block} for block in _list(turn.get("content"))) if "content" in turn else [rest]


def _list(content: Any) -> list[Json]:
    if content is None:
        return []
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
