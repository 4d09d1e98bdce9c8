"""How answers read: the answer, then in small print what it rests on."""

from __future__ import annotations

import re

from bot.markdown import code_block, folded, inactive, inline_code, money, paragraph, table
from handlers.answer.records import Answered, Described, File, Improved, Placed, Spent

_NAMED = 3
_FENCE = re.compile(r"^[\s>*+\-\d.)]*[`~]{3,}\s*")


def answer_text(answered: Answered, spent: Spent) -> str:
    """The answer to ``/ask`` and ``/explain``; where there is none, why."""
    if answered.problem:
        return _failed("answer this", answered.problem, answered.sha, spent)
    return f"{inactive(answered.text.strip())}\n\n{_foot(answered.sha, spent, _left(answered))}"


def description_text(described: Described) -> str:
    """Our part of a pull request's text."""
    rows = [(inline_code(note.file.path), _size(note.file), note.change) for note in described.files]
    parts = [
        f"**{paragraph(described.title)}**",
        "\n\n".join(_prose(part) for part in described.summary.split("\n\n")),
        code_block(described.diagram, "mermaid") if described.diagram else "",
        folded(f"{len(rows)} changed file{'s' if len(rows) != 1 else ''}", table(("file", "lines", "change"), rows)),
        f"<sub>Written by Forgehand from {described.sha[:10]}; `/describe` writes it anew.</sub>",
    ]
    return "\n\n".join(part for part in parts if part)


def described_text(described: Described, spent: Spent) -> str:
    """The answer to ``/describe``."""
    if described.problem:
        return _failed("describe this", described.problem, described.sha, spent)
    return f"The pull request's text has a description now; what was there stays.\n\n{_foot(described.sha, spent)}"


def improved_text(improved: Improved, spent: Spent) -> str:
    """The body of a review with suggestions, or the answer where there is nothing to suggest."""
    if improved.problem:
        return _failed("suggest anything", improved.problem, improved.sha, spent)
    count = len(improved.placed)
    head = f"{count} suggestion{'s' if count != 1 else ''}; each applies to the head and leaves its file parsing."
    text = head if count else "I see nothing to suggest that is new and clearly better."
    more = " more" if count else ""
    if improved.left_out:
        text += f" {improved.left_out}{more} did not apply or parse and {_were(improved.left_out)} left out."
    if improved.said:
        text += f" {improved.said}{more} {_were(improved.said)} said here already."
    return f"{text}\n\n{_foot(improved.sha, spent)}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def suggestion_text(placed: Placed) -> str:
    """A comment with a block that can be committed."""
    return f"{_prose(placed.suggested.why)}\n\n{placed.block}"


def _prose(text: str) -> str:
    """A model's words as one paragraph that begins no fence, which could swallow what follows."""
    return _FENCE.sub("", paragraph(text))


def _size(file: File) -> str:
    return f"+{file.added} −{file.removed}" + (f", {file.left_out}" if file.left_out else "")


def _failed(what: str, problem: str, sha: str, spent: Spent) -> str:
    return f"I could not {what}: {problem}\n\nWrite it again for another try.\n\n{_foot(sha, spent)}"


def _left(answered: Answered) -> str:
    """What was taken out of the answer, so that nobody wonders about a sentence that lost its place."""
    if not answered.dropped:
        return "" if answered.linked else " It names no place in the code."
    named = ", ".join(inline_code(place) for place in answered.dropped[:_NAMED])
    more = f" and {len(answered.dropped) - _NAMED} more" if len(answered.dropped) > _NAMED else ""
    return f" Left out, because no such place exists: {named}{more}."


def _foot(sha: str, spent: Spent, more: str = "") -> str:
    calls = f"{spent.calls} model call{'s' if spent.calls != 1 else ''}"
    return f"<sub>Read at {sha[:10]}; nothing was run. {money(spent.dollars)}, {calls}.{more}</sub>"
