"""Decide which new findings are not reported again (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.github.resources.issues import IssueComment
from bot.github.resources.threads import Thread
from bot.github.text.markers import without_markers
from bot.pulls.fingerprints import Identity, fingerprint, identify, is_same_finding
from bot.pulls.memory import Memory, ReportedFinding, finding_of
from bot.pulls.records import Finding
from bot.pulls.similarity import ALONE, FAR, NEAR, Wording, measure_similarity, read_wordings, split_paragraphs
from bot.store.findings import UNSETTLED
from bot.types import JsonModel

# Lines between a thread and a finding of a model that may still be about the same.
_REACH = 3
# Telling words that a paragraph must share with a finding: two short texts are alike by chance.
_COMMON = 4
# Of names in code: Chinese and Japanese are written around them without blanks.
_LETTER = "[A-Za-z0-9_]"
# Associations of the author to the repository that GitHub gives to people of the team.
_TEAM = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})


class Suppression(JsonModel):
    """Reason why a finding is not reported again."""

    # we ``told`` it, somebody ``rejected`` it, or ``by`` says it in a thread or conversation
    reason: Literal["told", "rejected", "thread", "conversation"]
    by: str = ""
    fingerprint: str = ""  # of our own finding, "" where others said it


def find_suppressions(
    memory: Memory, findings: Sequence[Finding], rejected: Collection[str] = ()
) -> tuple[Suppression | None, ...]:
    """Find for each finding why it is not reported again; None for new ones.

    The findings, and those reported before, must be located at the same head (:func:`bot.pulls.fingerprints.relocate`).
    ``rejected`` are fingerprints that a command rejected anywhere in the repository.
    """
    reported = [(one, identify(one.finding)) for one in memory.told if one.state != "fixed"]
    threads = list(_read_threads(memory))
    others = (one for one in memory.comments if one.author_id != memory.bot_id and one.author != memory.author)
    comments = [
        (one, tuple(wording for piece in split_paragraphs(one.body) for wording in read_wordings(piece)[:1]))
        for one in others
    ]
    return tuple(
        Suppression(reason="rejected", fingerprint=name)
        if (name := fingerprint(finding)) in rejected
        else _find_suppression(finding, reported, threads, comments)
        for finding in findings
    )


@dataclass(frozen=True)
class _ThreadWords:
    """Thread with the wording of each of its comments, by author."""

    thread: Thread
    wordings: tuple[tuple[str, tuple[Wording, ...]], ...]


def _find_suppression(
    finding: Finding,
    reported: Iterable[tuple[ReportedFinding, Identity]],
    threads: Iterable[_ThreadWords],
    comments: Iterable[tuple[IssueComment, tuple[Wording, ...]]],
) -> Suppression | None:
    """Look for a finding in our reports, then in threads, then in comments."""
    identity = identify(finding)
    ours = next((one for one, other in reported if is_same_finding(other, identity)), None)
    if ours is not None:
        reason: Literal["told", "rejected"] = "told" if ours.state in UNSETTLED else "rejected"
        return Suppression(reason=reason, fingerprint=ours.fingerprint)
    by = next((who for thread in threads if (who := _find_speaker(thread, finding, identity)) is not None), None)
    if by is not None:
        return Suppression(reason="thread", by=by)
    by = next((one.author for one, paragraphs in comments if _mentions(one, paragraphs, finding, identity)), None)
    return None if by is None else Suppression(reason="conversation", by=by)


def _read_threads(memory: Memory) -> Iterator[_ThreadWords]:
    """Yield the threads that may say a finding; fixed findings' do not."""
    fixed = {one.fingerprint for one in memory.told if one.state == "fixed"}
    for thread in memory.threads:
        if finding_of(thread, memory.bot_id) not in fixed:
            # Outsiders must not be able to silence a review of their own change.
            heard = (one for one in thread.comments if one.author != memory.author or one.association in _TEAM)
            wordings = [(one.author, read_wordings(without_markers(one.body))) for one in heard]
            yield _ThreadWords(thread, tuple(wordings))


def _find_speaker(words: _ThreadWords, finding: Finding, identity: Identity) -> str | None:
    """Return who says it in a thread; far from its line, much more alike."""
    thread = words.thread
    if thread.path != finding.path or (thread.side == "LEFT") is not finding.removed:
        return None
    needed = FAR
    if thread.line is not None and finding.line is not None:
        first = finding.line
        last = first + finding.quote.count("\n")
        gap = max((thread.start_line or thread.line) - last, first - thread.line, 0)
        # A tool's rule has the same words wherever it is broken.
        if gap > (_REACH if finding.source == "model" else 0):
            return None
        needed = NEAR
    return next((who for who, found in words.wordings if measure_similarity(found, identity.wordings) >= needed), None)


def _mentions(comment: IssueComment, paragraphs: Iterable[Wording], finding: Finding, identity: Identity) -> bool:
    """Return whether one paragraph of a comment names and says the same."""
    # A long comment as a whole has every word somewhere.
    names = [finding.path.rpartition("/")[2], finding.symbol.rpartition(".")[2]]
    if not any(
        re.search(rf"(?<!{_LETTER}){re.escape(name)}(?!{_LETTER})", comment.body) for name in names if len(name) > 2
    ):
        return False
    return any(
        measure_similarity([wording], [mine]) >= ALONE and len(wording & mine) >= _COMMON
        for wording in paragraphs
        for mine in identity.wordings
    )
