"""Find the suggestions that the pull request says already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.github.resources.threads import Thread
from bot.pulls.fingerprints import relocate
from bot.pulls.memory import Memory
from bot.pulls.records import Finding
from bot.pulls.suppressions import find_suppressions
from handlers.answer.records import PlacedSuggestion


def drop_repeats(
    memory: Memory, placed: Sequence[PlacedSuggestion], texts: Mapping[str, str]
) -> tuple[PlacedSuggestion, ...]:
    """Return the new suggestions. Parses ``texts``: call it in a thread."""
    known = find_suppressions(memory, [_make_finding(one, texts[one.anchor.path]) for one in placed])
    return tuple(
        one
        for one, said in zip(placed, known, strict=True)
        if said is None and not any(_offers(thread, one) for thread in memory.threads)
    )


def _offers(thread: Thread, one: PlacedSuggestion) -> bool:
    """Return whether a thread has the very block, whatever the words around."""
    there = (thread.path, thread.line) == (one.anchor.path, one.anchor.line)
    return there and any(one.block in comment.body.replace("\r\n", "\n") for comment in thread.comments)


def _make_finding(one: PlacedSuggestion, text: str) -> Finding:
    """Make the finding of whole lines that a review would tell."""
    anchor = one.anchor
    suggested = one.suggested
    first = anchor.start_line or anchor.line
    told = Finding(
        path=anchor.path,
        quote="\n".join(text.replace("\r\n", "\n").split("\n")[first - 1 : anchor.line]),
        line=first,
        severity="nit",
        concern="correctness",
        title=suggested.why,
        claim="",
        suggestion=suggested.replacement,
    )
    return relocate(told, text) or told
