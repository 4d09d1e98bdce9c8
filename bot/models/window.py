"""Make a question fit the window of its model: the longest of what others wrote is cut in its middle. No I/O."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.models.port import ContextTooLong, Conversation, Message
from bot.models.thoughts import forget_text
from bot.models.wire import Question, measure

_BYTES_A_TOKEN = 3  # of code and English; 2 once a server has counted more
_FRAME_TOKENS = 200  # what templates add around turns and tools
_LEAST_OUTPUT = 512  # tokens
_CAPS = tuple(300 * 2 ** (half / 2) for half in range(18, -1, -1))  # characters that stay of each text, tried in turn
_NEWEST = 4  # times as much stays of what came after the model's last turn
# As bot.work.untrusted writes it. Only what is inside is cut: without the line that begins or ends it, a stranger's
# words would stand among ours.
_FENCED = re.compile(
    r"^(?P<open><untrusted-(?P<nonce>\w+) source=[^\n]*>\n)(?P<text>.*?)(?P<close>\n</untrusted-(?P=nonce)>)$",
    re.DOTALL | re.MULTILINE,
)


def fit(question: Question, window: int, *, density: int = _BYTES_A_TOKEN) -> Question:
    """Return the question, cut to ``window`` tokens where it is longer.

    A token is taken for ``density`` bytes. A quarter of the window at most is kept for the answer. Raises
    :class:`ContextTooLong` where our own words and a little of every other text are too many.
    """
    if _count(question, density) + question.max_output <= window:
        return question
    shorter = replace(question, max_output=min(question.max_output, max(window // 4, _LEAST_OUTPUT)))
    for cap in (None, *_CAPS):
        if cap is not None:
            shorter = replace(shorter, conversation=_cut(question.conversation, int(cap)))
        if _count(shorter, density) + shorter.max_output <= window:
            return shorter
    least = _count(shorter, density) + shorter.max_output
    name = question.spec.name
    raise ContextTooLong(
        f"{name} holds {window} tokens, and this question needs about {least} even with most of what it quotes "
        f"left out. Give this role a model with a larger window; if this one holds more, set models.{name}.context.",
        limit=window,
    )


def _count(question: Question, density: int) -> int:
    return measure(question) // density + _FRAME_TOKENS


def _cut(conversation: Conversation, cap: int) -> Conversation:
    turns = conversation.messages
    last = max((at for at, message in enumerate(turns) if message.role == "assistant"), default=-1)
    messages = (_cut_message(turn, cap if at < last else cap * _NEWEST) for at, turn in enumerate(turns))
    return Conversation(system=_cut_fenced(conversation.system, cap), messages=tuple(messages))


def _cut_message(message: Message, cap: int) -> Message:
    if message.role == "assistant":
        return forget_text(message)
    text = _cut_middle(message.text, cap) if message.role == "tool" else _cut_fenced(message.text, cap)
    return message if text == message.text else message.model_copy(update={"text": text, "shared": 0})


def _cut_fenced(text: str, cap: int) -> str:
    return _FENCED.sub(lambda found: f"{found['open']}{_cut_middle(found['text'], cap)}{found['close']}", text)


def _cut_middle(text: str, cap: int) -> str:
    """Keep the beginning and the end, which mostly say what a text is."""
    if len(text) <= cap:
        return text
    head = text[: cap * 2 // 3].rpartition("\n")[0] or text[: cap * 2 // 3]
    tail = text[len(text) - cap // 3 :].partition("\n")[2] or text[len(text) - cap // 3 :]
    return f"{head}\n[{len(text) - len(head) - len(tail)} characters left out: the model's window is full]\n{tail}"
