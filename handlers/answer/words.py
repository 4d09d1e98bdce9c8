"""Write answers for GitHub, with what they rest on in small print."""

from __future__ import annotations

import re

from bot.markdown import code_block, counted, expense, folded, inactive, inline_code, joined, listed, paragraph, table
from bot.work.records import Cost
from handlers.answer.records import Answer, Description, Improvements, PlacedSuggestion

_NAMED = 3
_FENCE = re.compile(r"^[\s>*+\-\d.)]*[`~]{3,}\s*")


def write_answer(answer: Answer, cost: Cost) -> str:
    """Write the answer to ``/ask`` and ``/explain``; where there is none, why."""
    if answer.problem:
        return _write_failure("answer this", answer.problem, answer.sha, cost)
    return f"{inactive(answer.text.strip())}\n\n{_write_foot(answer.sha, cost, _name_dropped(answer))}"


def write_description(description: Description) -> str:
    """Write our part of a pull request's text."""
    rows = []
    for note in description.files:
        file = note.file
        size = f"+{file.added} −{file.removed}" + (f", {file.left_out}" if file.left_out else "")
        rows.append((inline_code(file.path), size, note.change))
    parts = [
        f"**{paragraph(description.title)}**",
        "\n\n".join(_write_paragraph(part) for part in description.summary.split("\n\n")),
        code_block(description.diagram, "mermaid") if description.diagram else "",
        folded(counted(len(rows), "changed file"), table(("file", "lines", "change"), rows)),
        f"<sub>Written by Forgehand from {description.sha[:10]}; `/describe` writes it anew.</sub>",
    ]
    return joined(parts)


def write_description_note(description: Description, cost: Cost) -> str:
    """Write the answer to ``/describe``, which stands in the conversation."""
    if description.problem:
        return _write_failure("describe this", description.problem, description.sha, cost)
    return (
        f"The pull request's text has a description now; what was there stays.\n\n{_write_foot(description.sha, cost)}"
    )


def write_improvements(improvements: Improvements, cost: Cost) -> str:
    """Write the review with suggestions, or else the answer."""
    if improvements.problem:
        return _write_failure("suggest anything", improvements.problem, improvements.sha, cost)
    count = len(improvements.placed)
    head = f"{counted(count, 'suggestion')}; each applies to the head and leaves its file parsing."
    text = head if count else "I see nothing to suggest that is new and clearly better."
    more = " more" if count else ""
    if improvements.left_out:
        text += f" {improvements.left_out}{more} did not apply or parse and {_were(improvements.left_out)} left out."
    if improvements.said:
        text += f" {improvements.said}{more} {_were(improvements.said)} already raised here."
    return f"{text}\n\n{_write_foot(improvements.sha, cost)}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def write_suggestion(placed: PlacedSuggestion) -> str:
    """Write a comment with a block that can be committed."""
    return f"{_write_paragraph(placed.suggested.why)}\n\n{placed.block}"


def write_kept_suggestion(placed: PlacedSuggestion) -> str:
    """Write a suggestion that stands on no line, and name the line."""
    anchor = placed.anchor
    first = f"{anchor.start_line}-" if anchor.start_line else ""
    return f"{inline_code(f'{anchor.path}:{first}{anchor.line}')}\n\n{write_suggestion(placed)}"


def _write_paragraph(text: str) -> str:
    """Make one paragraph of a model's words, with no fence to swallow more."""
    return _FENCE.sub("", paragraph(text))


def _write_failure(what: str, problem: str, sha: str, cost: Cost) -> str:
    return f"I could not {what}: {problem}\n\nSend the command again to retry.\n\n{_write_foot(sha, cost)}"


def _name_dropped(answer: Answer) -> str:
    """Name what was taken out: a sentence may have lost its place."""
    if not answer.dropped:
        return "" if answer.linked else " It names no place in the code."
    named = listed([inline_code(place) for place in answer.dropped], _NAMED)
    return f" Left out, because no such place exists: {named}."


def _write_foot(sha: str, cost: Cost, more: str = "") -> str:
    return f"<sub>Read at {sha[:10]}; nothing was run. {expense(cost.dollars, cost.calls)}.{more}</sub>"
