"""Decide what follows from earlier reviews of a pull request.

All functions here are pure. From our findings and their state, threads and the conversation they decide what is not
reported again, what people disputed, and which findings may be fixed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.github.resources.issues import IssueComment
from bot.github.resources.threads import Thread
from bot.github.text.markers import Marker, markers_in, without_markers
from bot.pulls.fingerprints import (
    Identity,
    digest,
    find_innermost,
    fingerprint,
    identify,
    is_same_finding,
    is_unchanged,
    normalise,
    read_definitions,
    relocate,
    rule_of,
    symbol_of,
)
from bot.pulls.records import Finding, PlacedFinding, Verdict
from bot.pulls.replies import read_stance
from bot.pulls.similarity import ALONE, FAR, NEAR, Wording, measure_similarity, read_wordings, split_paragraphs
from bot.store.findings import UNSETTLED, State, StoredFinding
from bot.types import JsonModel

_FINDING = "finding:"
_FIXED = "fixed:"
_BACK = "back:"
# Lines between a thread and a finding of a model that may still be about the same.
_REACH = 3
# Lines above and below a finding outside of every definition that count as its surroundings.
_WINDOW = 10
# Share of tokens that a changed line has in common with the quoted one to be taken for its successor.
_ALIKE_LINES = 0.6
# Telling words that a paragraph must share with a finding: two short texts are alike by chance.
_COMMON = 4
# Of names in code: Chinese and Japanese are written around them without blanks.
_LETTER = "[A-Za-z0-9_]"
# Associations of the author to the repository that GitHub gives to people of the team.
_TEAM = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})

Standing = Literal["stands", "doubtful", "gone"]


class ReportedFinding(JsonModel):
    """Finding reported in this pull request, at the head ``head_sha``.

    ``fingerprint`` is the one of its first report, ``verdict`` its proof. ``around`` digests the code around it when it
    was last known to hold, ``mended`` when it was found to be fixed.
    """

    fingerprint: str
    task: str
    finding: Finding
    verdict: Verdict | None = None
    state: State
    head_sha: str
    around: str
    mended: str = ""


class Memory(JsonModel):
    """Findings, threads and comments that a pull request has so far.

    ``author`` opened it. ``deciders`` may settle our findings: the author, and those who object and may write to the
    repository.
    """

    bot_id: int
    author: str
    deciders: tuple[str, ...] = ()
    told: tuple[ReportedFinding, ...] = ()
    threads: tuple[Thread, ...] = ()
    comments: tuple[IssueComment, ...] = ()

    def unsettled(self) -> tuple[ReportedFinding, ...]:
        """Return our findings that are neither fixed nor disputed yet."""
        return tuple(one for one in self.told if one.state in UNSETTLED)

    def watched(self) -> tuple[ReportedFinding, ...]:
        """Return our findings that a push may change.

        These are the unsettled ones, and fixed ones whose fix may be taken back.
        """
        return tuple(one for one in self.told if one.state in UNSETTLED or one.state == "fixed")

    def thread_of(self, fingerprint: str) -> Thread | None:
        """Return the newest thread in which we reported a finding."""
        own = (thread for thread in reversed(self.threads) if finding_of(thread, self.bot_id) == fingerprint)
        return next(own, None)


class Suppression(JsonModel):
    """Reason why a finding is not reported again.

    ``told``: we reported it and it is open; ``rejected``: somebody disputed it; ``thread`` and ``conversation``: ``by``
    says it already. ``fingerprint`` is that of our own finding, "" where others said it.
    """

    reason: Literal["told", "rejected", "thread", "conversation"]
    by: str = ""
    fingerprint: str = ""


class FindingStatus(JsonModel):
    """State of one of our findings on a new head.

    Its code ``stands`` as it was, may be fixed (``doubtful``), or is ``gone``. ``now`` is the code to look at where it
    is doubtful; ``why`` says how people settled it.
    """

    told: ReportedFinding
    standing: Standing
    now: str = ""
    why: str = ""

    @property
    def open(self) -> bool:
        """Return whether it is still unsettled."""
        return self.told.state in UNSETTLED


def finding_marker(task: str, fingerprint: str) -> Marker:
    """Make the marker of the comment that reports a finding."""
    return Marker(task=task, part=_FINDING + fingerprint)


def fixed_marker(task: str, fingerprint: str) -> Marker:
    """Make the marker of the reply that says a finding is fixed."""
    return Marker(task=task, part=_FIXED + fingerprint)


def back_marker(task: str, fingerprint: str) -> Marker:
    """Make the marker of the reply that says a fix was taken back."""
    return Marker(task=task, part=_BACK + fingerprint)


def fingerprint_in(body: str) -> str | None:
    """Return the fingerprint of the finding that a comment reports.

    Anybody can write a marker: check first that the comment is ours.
    """
    parts = (each.part for each in markers_in(body))
    return next((part.removeprefix(_FINDING) for part in parts if part.startswith(_FINDING)), None)


def finding_of(thread: Thread, bot_id: int) -> str | None:
    """Return the fingerprint of the finding that one of our threads reports."""
    first = thread.comments[0] if thread.comments else None
    return fingerprint_in(first.body) if first is not None and first.author_id == bot_id else None


def report_finding(one: PlacedFinding, *, task: str, head_sha: str, text: str, folded: bool) -> ReportedFinding:
    """Make the record of a finding that is reported now.

    ``text`` is its file at the head. Parses it: call it in a thread.
    """
    return ReportedFinding(
        fingerprint=fingerprint(one.finding),
        task=task,
        finding=_merge_claims(one),
        verdict=one.verdict,
        state="folded" if folded else "open",
        head_sha=head_sha,
        around=read_surroundings(one.finding, text)[0],
    )


def _merge_claims(one: PlacedFinding) -> Finding:
    """Return the finding with all claims of its comment: it ends with all."""
    claims = [one.finding.claim, *(f"{each.finding.title}. {each.finding.claim}" for each in one.also)]
    failing = [one.finding.failing_input, *(each.finding.failing_input for each in one.also)]
    update = {"claim": "\n\n".join(claims), "failing_input": "\n".join(text for text in failing if text)}
    return one.finding.model_copy(update=update) if one.also else one.finding


def to_row(
    reported: ReportedFinding, repository: str, number: int, *, comment: int | None = None, reason: str = ""
) -> StoredFinding:
    """Make the database row of a finding.

    ``comment`` is the id of the one that reports it, ``reason`` why it is settled, if known.
    """
    data = reported.model_dump(mode="json", include={"finding", "verdict", "head_sha", "around", "mended"})
    return StoredFinding(
        fingerprint=reported.fingerprint,
        repository=repository,
        number=number,
        task=reported.task,
        rule=rule_of(reported.finding),
        state=reported.state,
        comment=comment,
        reason=reason,
        data=data,
    )


def from_row(row: StoredFinding) -> ReportedFinding:
    """Read the finding of a database row.

    Raises TypeError or ValidationError for a row of an incompatible version.
    """
    return ReportedFinding(fingerprint=row.fingerprint, task=row.task, state=row.state, **row.data)


# --- duplicates ----------------------------------------------------------------------------------------------


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
    """Return who says the finding in a thread.

    Near the finding's line similar words are enough; elsewhere in its file they must be very similar.
    """
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


# --- disputes ------------------------------------------------------------------------------------------------


def find_objections(thread: Thread) -> Iterator[tuple[str, str]]:
    """Yield who rejects our finding, and how: in a reply or by a thumbs down.

    Everybody is listed; :func:`find_dispute` decides whose objection counts. Of what somebody wrote the last clear word
    holds.
    """
    first, *answers = thread.comments
    people = [answer for answer in answers if not answer.is_bot]
    words: dict[str, str] = {}
    for number, answer in enumerate(people):
        alone = all(earlier.author == answer.author for earlier in people[:number])
        stance = read_stance(without_markers(answer.body), to_us=alone)
        if stance is not None:
            words.pop(answer.author, None)
        if stance == "rejects":
            words[answer.author] = f"{answer.author}: {' '.join(answer.body.split())[:300]}"
    yield from words.items()
    for login in first.dislikers:
        yield login, f"{login}: thumbs down"


def find_dispute(thread: Thread, deciders: Collection[str]) -> str | None:
    """Return how one of the ``deciders`` rejects our finding, if any does."""
    return next((how for who, how in find_objections(thread) if who in deciders), None)


def reopen(memory: Memory) -> Memory:
    """Open the findings again whose rejection was taken back.

    Nobody whose word counts rejects them in their thread any more, and it is not resolved.
    """

    def look(one: ReportedFinding) -> ReportedFinding:
        thread = memory.thread_of(one.fingerprint) if one.state == "disputed" else None
        if thread is None or thread.resolved or find_dispute(thread, memory.deciders):
            return one
        return one.model_copy(update={"state": "open"})

    return memory.model_copy(update={"told": tuple(look(one) for one in memory.told)})


def settle_by_thread(checked: FindingStatus, memory: Memory) -> FindingStatus:
    """Apply what people did in the finding's thread to its status.

    They may have disputed it in words, resolved it without a change, or fixed and resolved it.
    """
    thread = memory.thread_of(checked.told.fingerprint)
    if thread is None:
        return checked
    reason = find_dispute(thread, memory.deciders)
    state: State | None = "disputed" if reason else None
    if reason is None and thread.resolved:
        state = "disputed" if checked.standing == "stands" and not _is_said_fixed(thread, memory.bot_id) else "fixed"
        reason = f"resolved by {thread.resolved_by or 'ghost'}"
    if state is None:
        return checked
    return checked.model_copy(update={"told": checked.told.model_copy(update={"state": state}), "why": reason})


def detect_regression(reported: ReportedFinding, memory: Memory, texts: Mapping[str, str]) -> FindingStatus | None:
    """Return a fixed finding as open or ``doubtful`` where its code is back.

    Returns None where it is not. A finding that people reject stays rejected. Parses: call it in a thread.
    """
    thread = memory.thread_of(reported.fingerprint)
    if thread is not None and find_dispute(thread, memory.deciders):
        return None
    state: State = "open" if thread is not None else "folded"
    checked = check_finding(reported.model_copy(update={"state": state}), texts)
    if checked.standing == "stands":
        return checked
    text = texts.get(checked.told.finding.path)
    if checked.standing == "gone" or text is None:
        return None
    there = reported.finding.removed or is_unchanged(reported.finding, relocate(reported.finding, text))
    return checked if there and read_surroundings(checked.told.finding, text)[0] != reported.mended else None


def mark_fixed(reported: ReportedFinding, head_sha: str, text: str | None) -> ReportedFinding:
    """Return the finding as fixed at a head.

    ``text`` is its file there, None where it is gone. Parses it: call it in a thread.
    """
    now = relocate(reported.finding, text) if text is not None else None
    around = "" if text is None else read_surroundings(now or reported.finding, text)[0]
    return reported.model_copy(update={"state": "fixed", "head_sha": head_sha, "mended": around})


def _is_said_fixed(thread: Thread, bot_id: int) -> bool:
    """Return whether our last reply about it says that it is fixed."""
    mine = (one for one in thread.comments if one.author_id == bot_id)
    parts = [mark.part for one in mine for mark in markers_in(one.body) if mark.part.startswith((_FIXED, _BACK))]
    return bool(parts) and parts[-1].startswith(_FIXED)


# --- findings on a new head ----------------------------------------------------------------------------------


def check_finding(reported: ReportedFinding, texts: Mapping[str, str]) -> FindingStatus:
    """Compare a finding with the change's files at the new head.

    ``texts`` are these files. Where the finding's own file is gone, its code may have moved to another one. Parses:
    call it in a thread.
    """
    old = reported.finding
    if old.removed:
        return _check_removed(reported, texts.get(old.path))
    found = [
        moved for path in _candidate_paths(old, texts) if (moved := _relocate_in(old, path, texts[path])) is not None
    ]
    new = next((one for one in found if is_unchanged(old, one)), found[0] if found else None)
    if new is None:
        return _check_changed(reported, texts.get(old.path))
    around, now = read_surroundings(new, texts[new.path])
    brought = reported.model_copy(update={"finding": new})
    if is_unchanged(old, new) and around == reported.around:
        return FindingStatus(told=brought, standing="stands")
    # The old lines are remembered until the new ones have been judged.
    kept = brought if is_unchanged(old, new) else reported
    return FindingStatus(told=kept, standing="doubtful", now=now)


def decide_final_state(reported: ReportedFinding, texts: Mapping[str, str]) -> State:
    """Decide how an unsettled finding ended with the merge.

    It is ``fixed`` where its lines have changed, else ``ignored``.
    """
    old = reported.finding
    if old.removed:
        return "fixed" if check_finding(reported, texts).standing == "doubtful" else "ignored"
    still = any(is_unchanged(old, _relocate_in(old, path, texts[path])) for path in _candidate_paths(old, texts))
    return "ignored" if still else "fixed"


def read_surroundings(finding: Finding, text: str) -> tuple[str, str]:
    """Return digest and text of the definition around a finding.

    Where there is none, they are of the lines near it.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    line = min(finding.line or 1, len(lines))
    outlined = read_definitions(text, finding.path)
    around = find_innermost((one for one in outlined if one.qualified == finding.symbol), line)
    if around is None:
        named = [one for one in outlined if finding.symbol and one.qualified == finding.symbol]
        around = min(named, key=lambda one: abs(one.start - line), default=None)
    first, last = (around.start, around.end) if around else (line - _WINDOW, line + _WINDOW)
    first = max(first, 1)
    code = "\n".join(lines[first - 1 : last])
    shown = "\n".join(f"{number:>5} {line}" for number, line in enumerate(lines[first - 1 : last], first))
    return digest(normalise(code, finding.path)), shown


def _candidate_paths(finding: Finding, texts: Mapping[str, str]) -> list[str]:
    """Return the finding's path, or where it is gone files of the same kind."""
    if finding.path in texts:
        return [finding.path]
    suffix = finding.path.rpartition(".")[2]
    return [path for path in texts if path.rpartition(".")[2] == suffix]


def _relocate_in(finding: Finding, path: str, text: str) -> Finding | None:
    return relocate(finding.model_copy(update={"path": path}), text)


def _check_removed(reported: ReportedFinding, text: str | None) -> FindingStatus:
    """Check a finding about removed code by what is around its place."""
    if text is None:
        return FindingStatus(told=reported, standing="stands")
    around, now = read_surroundings(reported.finding, text)
    return FindingStatus(told=reported, standing="stands" if around == reported.around else "doubtful", now=now)


def _check_changed(reported: ReportedFinding, text: str | None) -> FindingStatus:
    """Check a finding whose lines are nowhere.

    It is gone for sure only with its file, or with its definition and all lines that resemble its own.
    """
    finding = reported.finding
    if text is None:
        return FindingStatus(told=reported, standing="gone")
    symbols = {symbol_of(one) for one in read_definitions(text, finding.path)}
    if finding.symbol and finding.symbol not in symbols and not _has_similar_line(finding, text):
        return FindingStatus(told=reported, standing="gone")
    around, now = read_surroundings(finding, text)
    # Where the digests agree, this very code was judged since the lines went.
    return FindingStatus(told=reported, standing="stands" if around == reported.around else "doubtful", now=now)


def _has_similar_line(finding: Finding, text: str) -> bool:
    """Return whether any line of a text resembles one of the finding's."""
    quoted = [_token_set(line, finding.path) for line in finding.quote.split("\n")]
    lines = [_token_set(line, finding.path) for line in text.split("\n")]
    return measure_similarity([each for each in quoted if each], [each for each in lines if each]) >= _ALIKE_LINES


def _token_set(line: str, path: str) -> Wording:
    return frozenset(normalise(line, path).split(" ")) - {""}
