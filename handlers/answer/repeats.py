"""Which suggestions the pull request says already, in threads open or resolved, of ours or of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.github.resources.threads import Thread
from bot.pulls.fingerprints import relocate
from bot.pulls.memory import Memory, find_suppressions
from bot.pulls.records import Finding
from handlers.answer.records import Placed


def unsaid(memory: Memory, placed: Sequence[Placed], texts: Mapping[str, str]) -> tuple[Placed, ...]:
    """Those that are new; ``texts`` are their files at the head. Parses them: call it in a thread."""
    known = find_suppressions(memory, [_finding(one, texts[one.anchor.path]) for one in placed])
    return tuple(
        one
        for one, said in zip(placed, known, strict=True)
        if said is None and not any(_offers(thread, one) for thread in memory.threads)
    )


def _offers(thread: Thread, one: Placed) -> bool:
    """Whether the very block stands there, whatever the words around it."""
    there = (thread.path, thread.line) == (one.anchor.path, one.anchor.line)
    return there and any(one.block in comment.body.replace("\r\n", "\n") for comment in thread.comments)


def _finding(one: Placed, text: str) -> Finding:
    """As a review would tell it: whole lines, and the definition around them."""
    anchor, suggested = one.anchor, one.suggested
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
