"""Try out a model: what it can do is seen, not believed.

A few tiny questions are asked. Servers of weak local models answer them without a word of warning: they ignore tools
that the model's template does not know, count no tokens, and cut the front of what is too long.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

from bot.models.catalogue import ModelSpec
from bot.models.client import SdkModel
from bot.models.port import (
    BadAnswer,
    ContextTooLong,
    Conversation,
    Message,
    ModelError,
    ModelRefused,
    Reply,
    Tool,
    Usage,
)
from bot.models.structured import STRING, closed_object
from bot.settings import ToolUse
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
_LONG = 5_000  # tokens at least: more than Ollama reads unless it is told to
_READ_IT = " word" * _LONG + "\nAnswer with the word: ready"
ONE_WORD = Conversation(
    system="You are asked a word, to see whether you can be reached.",
    messages=(Message(role="user", text="Answer with the word: ready"),),
)
ONE_WORD_OUTPUT = 1024  # tokens: some models think before they say a word
_CONTEXT_NAMES = ("max_model_len", "context_length", "max_context_length", "n_ctx")
_OTHER_WAYS: tuple[ToolUse, ...] = ("schema", "text")


class Probe(JsonModel):
    """Abilities of a model that was tried; ``problem`` if it did not answer."""

    problem: str = ""
    listed: bool | None = None  # by its server; None where that lists nothing
    calls_tools: bool = False
    other_way: ToolUse | None = None  # in which it calls them, where it does not as it is set
    keeps_schema: bool = False
    counts_tokens: bool = False
    context: int | None = None  # tokens, where a server of one's own says it
    read: int | None = None  # tokens that were read of a longer text, where the rest was cut without a word
    questions: int = 0
    cost: float = 0.0  # dollars


class Trait(JsonModel):
    """A thing that a model was tried for, in words; ``ok`` None: not told."""

    name: Literal["list", "tool", "schema", "context", "usage"]
    ok: bool | None
    text: str


class Asking(Protocol):
    """A way to ask a model: plainly, or on somebody's account."""

    def __call__(
        self,
        model: SdkModel,
        conversation: Conversation,
        /,
        *,
        tools: Sequence[Tool] = (),
        schema: dict[str, Any] | None = None,
        max_output: int,
    ) -> Awaitable[Reply]: ...


class _Trial:
    """One model's trial, and what it has cost by now."""

    def __init__(self, model: SdkModel, ask: Asking) -> None:
        self._model = model
        self._ask = ask
        self.questions = 0
        self.cost = 0.0  # dollars
        self.replies: list[Reply] = []

    async def ask(self, text: str, way: ToolUse | None = None, **wanted: Any) -> Reply:
        model = self._model if way is None else self._model.calling(way)
        talk = Conversation(system=_SYSTEM, messages=(Message(role="user", text=text),))
        self.questions += 1
        try:
            reply = await self._ask(model, talk, **({"max_output": _MAX_OUTPUT} | wanted))
        except ModelError as error:
            self.cost += model.spec.cost(error.usage or Usage())
            raise
        self.cost += model.spec.cost(reply.usage)
        self.replies.append(reply)
        return reply

    async def calls(self, way: ToolUse | None = None) -> bool:
        """Return True if the model calls a tool; a server may refuse it."""
        try:
            reply = await self.ask(_CALL_IT, way, tools=[_TOOL])
        except BadAnswer:
            return False
        except ModelRefused as error:
            if error.detail("reason") != "request":
                raise
            return False
        return any(call.name == _TOOL.name and call.error is None for call in reply.tool_calls)

    async def fills(self) -> bool:
        try:
            await self.ask(_FILL_IT, schema=_ANSWER)
        except BadAnswer:
            return False
        return True

    async def reads(self) -> tuple[int | None, int | None]:
        """Return the window that is told, and the tokens read of a long text."""
        try:
            reply = await self.ask(_READ_IT, max_output=ONE_WORD_OUTPUT)
        except ContextTooLong as error:
            told = error.detail("limit")
            return (None if told is None else int(told)), None
        return None, reply.usage.input if reply.usage.input < _LONG else None


async def probe(model: SdkModel, ask: Asking) -> Probe:
    """Try a model out; one that does not answer has a ``problem``."""
    try:
        return await try_out(model, ask)
    except ModelError as error:
        return Probe(problem=error.message)


async def try_out(model: SdkModel, ask: Asking) -> Probe:
    """Try list, tools, a given shape, window and count of tokens.

    Raises :class:`ModelError` where the model does not answer.
    """
    trial = _Trial(model, ask)
    calls_tools = await trial.calls()
    keeps_schema = await trial.fills()
    other_way = None if calls_tools else await _find_other_way(trial, model.spec.tools)
    counts = not any(reply.estimated for reply in trial.replies)
    offered = await model.list_offered()
    context = None if model.spec.at_home else find_context(offered, model.name)
    read = None
    if context is None and counts and not model.spec.packaged:
        context, read = await trial.reads()
    return Probe(
        listed=any(entry.get("id") == model.name for entry in offered) if offered else None,
        calls_tools=calls_tools,
        other_way=other_way,
        keeps_schema=keeps_schema,
        counts_tokens=counts,
        context=context,
        read=read,
        questions=trial.questions,
        cost=trial.cost,
    )


async def _find_other_way(trial: _Trial, way: ToolUse) -> ToolUse | None:
    for other in _OTHER_WAYS:
        if other != way and await trial.calls(other):
            return other
    return None


def list_traits(spec: ModelSpec, seen: Probe) -> tuple[Trait, ...]:
    """Say of each thing that was tried what came of it, and what to set."""
    missing = f"the server lists no {spec.name}, and answers all the same"
    listed = {True: "the server lists it", False: missing, None: "the server lists no models"}[seen.listed]
    shape = "keeps to a given JSON" if seen.keeps_schema else "did not answer in the JSON that was asked for"
    count = "counts tokens" if seen.counts_tokens else "counts no tokens, so budgets go by estimates that are too high"
    return (
        Trait(name="list", ok=True if seen.listed else None, text=listed),
        Trait(name="tool", ok=seen.calls_tools, text=_tell_tools(spec, seen)),
        Trait(name="schema", ok=seen.keeps_schema, text=shape),
        _tell_window(spec, seen),
        Trait(name="usage", ok=seen.counts_tokens, text=count),
    )


def _tell_tools(spec: ModelSpec, seen: Probe) -> str:
    if seen.calls_tools:
        return "calls tools"
    told = "was given a tool and told to call it, and did not"
    if seen.other_way is not None:
        way = seen.other_way
        return f"{told}; it does where tools are called in {way}: set models.{spec.name}.tools to {way}"
    return f"{told}, in plain text or JSON either: it cannot fix or review. Choose a stronger model"


def _tell_window(spec: ModelSpec, seen: Probe) -> Trait:
    if seen.read is not None:
        text = (
            f"read {seen.read} of {_LONG} tokens and cut the rest without a word: start the server with a larger "
            "window (Ollama: OLLAMA_CONTEXT_LENGTH)"
        )
        return Trait(name="context", ok=False, text=text)
    if seen.context is None:
        return Trait(name="context", ok=None, text=f"{spec.context} tokens are counted on")
    if seen.context < spec.context:
        text = (
            f"holds {seen.context} tokens, and {spec.context} are counted on: set models.{spec.name}.context to "
            f"{seen.context}, or start the server with more"
        )
        return Trait(name="context", ok=False, text=text)
    return Trait(name="context", ok=True, text=f"holds {seen.context} tokens")


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
