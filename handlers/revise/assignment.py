"""A revision at work, and how its results read on GitHub."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.work.assignment import Assignment
from handlers.revise.records import Answered, Pushed, Revised, RevisionTask


@dataclass(frozen=True)
class Voice:
    """``answer`` is said in a thread, ``done`` once something was published, ``nothing`` where nothing was;
    ``evidence`` is what the text of a pull request of ours says from then on, about the commit.

    For forks: ``suggested`` is a comment with a block that replaces its lines by a text, ``patch`` a whole diff.
    """

    answer: Callable[[Answered, str], str]
    done: Callable[[Revised, Pushed], str]
    nothing: Callable[[Revised], str]
    evidence: Callable[[Revised, str], str]
    suggested: Callable[[str], str]
    patch: Callable[[str], str]


@dataclass(frozen=True)
class Revision(Assignment[RevisionTask]):
    """One task that changes somebody's pull request as they ask."""

    voice: Voice
