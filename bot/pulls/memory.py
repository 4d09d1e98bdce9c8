"""What was said in a pull request before: our findings and what became of them, threads, and the conversation.

Pure functions. They decide what is not said again, what somebody disputed, and which of our findings may be fixed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.github.resources.issues import IssueComment
from bot.github.resources.threads import Thread, ThreadComment
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
from bot.pulls.similarity import ALONE, FAR, NEAR, Wording, measure_similarity, read_wordings, split_paragraphs
from bot.store.findings import UNSETTLED, State, StoredFinding
from bot.types import JsonModel

_PART = "finding:"
_FIXED = "fixed:"
_BACK = "back:"
_REACH = 3
_WINDOW = 10
_ALIKE_LINES = 0.6
_COMMON = 4
_TEAM = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]?")
_REJECTS = re.compile(
    r"won['’]?t (?:fix|change|do)|wontfix|\b(?:as|by) design|\bdisagree\b|\bnot applicable\b|\bout of scope\b|👎"
    r"|(?<!not )(?<!n't )\b(?:intended|intentional(?:ly)?|on purpose)\b|(?<!not a )\bfalse positive"
    r"|\bnot an? (?:real )?(?:bug|issue|problem)\b|\bcan(?:no|['’])t happen\b|^\s*(?:nope|no)[.!]?\s*$|^\s*/ignore\b",
    re.IGNORECASE,
)

Standing = Literal["stands", "doubtful", "gone"]


class ReportedFinding(JsonModel):
    """A finding that was told in this pull request, as the head ``head_sha`` has it.

    ``fingerprint`` is the one it was first told with; ``around`` the digest of the code around it when it was last
    known to hold, ``mended`` when it was found to be fixed; ``verdict`` what proved it.
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
    """Everything said before. ``author`` opened the pull request.

    ``deciders`` may settle our findings: the author, and of those who object whoever may write to the repository.
    """

    bot_id: int
    author: str
    deciders: tuple[str, ...] = ()
    told: tuple[ReportedFinding, ...] = ()
    threads: tuple[Thread, ...] = ()
    comments: tuple[IssueComment, ...] = ()

    def unsettled(self) -> tuple[ReportedFinding, ...]:
        """Our findings that nobody has fixed or disputed yet."""
        return tuple(one for one in self.told if one.state in UNSETTLED)

    def watched(self) -> tuple[ReportedFinding, ...]:
        """Return our findings that a push may change: the unsettled ones, and what is fixed and may come back."""
        return tuple(one for one in self.told if one.state in UNSETTLED or one.state == "fixed")

    def thread_of(self, fingerprint: str) -> Thread | None:
        """The thread in which we told a finding, the newest where there are several."""
        own = (thread for thread in reversed(self.threads) if finding_of(thread, self.bot_id) == fingerprint)
        return next(own, None)


class Suppression(JsonModel):
    """Why a finding is not said again.

    ``told``: we said it and it is open; ``rejected``: somebody disputed it; ``thread`` and ``conversation``: ``by``
    says it already. ``fingerprint`` is that of what we told, "" where others did.
    """

    reason: Literal["told", "rejected", "thread", "conversation"]
    by: str = ""
    fingerprint: str = ""


class FindingStatus(JsonModel):
    """One of our findings on a new head: its code stands as it was, may be fixed (``doubtful``), or is gone.

    ``now`` is the code to look at where it is doubtful; ``why`` says how people settled it.
    """

    told: ReportedFinding
    standing: Standing
    now: str = ""
    why: str = ""

    @property
    def open(self) -> bool:
        """Whether nobody has settled it yet."""
        return self.told.state in UNSETTLED


def finding_marker(task: str, fingerprint: str) -> Marker:
    """The mark of the comment that tells a finding."""
    return Marker(task=task, part=_PART + fingerprint)


def fixed_marker(task: str, fingerprint: str) -> Marker:
    """The mark of the answer that says that a finding is fixed."""
    return Marker(task=task, part=_FIXED + fingerprint)


def back_marker(task: str, fingerprint: str) -> Marker:
    """Return the marker of the answer that says that a fix was taken back."""
    return Marker(task=task, part=_BACK + fingerprint)


def fingerprint_in(body: str) -> str | None:
    """The finding that a comment of ours tells; check its author first."""
    parts = (each.part for each in markers_in(body))
    return next((part.removeprefix(_PART) for part in parts if part.startswith(_PART)), None)


def finding_of(thread: Thread, bot_id: int) -> str | None:
    """The finding that a thread of our own tells."""
    first = thread.comments[0] if thread.comments else None
    return fingerprint_in(first.body) if first is not None and first.author_id == bot_id else None


def report_finding(one: PlacedFinding, *, task: str, head_sha: str, text: str, folded: bool) -> ReportedFinding:
    """What to remember of a finding that is told now; ``text`` is its file at the head. Parses it: call in a thread."""
    return ReportedFinding(
        fingerprint=fingerprint(one.finding),
        task=task,
        finding=_whole_claim(one),
        verdict=one.verdict,
        state="folded" if folded else "open",
        head_sha=head_sha,
        around=read_surroundings(one.finding, text)[0],
    )


def _whole_claim(one: PlacedFinding) -> Finding:
    """Return the finding with the claims that are told in the same comment: it is fixed when all of them are."""
    claims = [one.finding.claim, *(f"{each.finding.title}. {each.finding.claim}" for each in one.also)]
    failing = [one.finding.failing_input, *(each.finding.failing_input for each in one.also)]
    update = {"claim": "\n\n".join(claims), "failing_input": "\n".join(text for text in failing if text)}
    return one.finding.model_copy(update=update) if one.also else one.finding


def to_row(
    told: ReportedFinding, repository: str, number: int, *, comment: int | None = None, reason: str = ""
) -> StoredFinding:
    """The row of a finding; ``comment`` is the id of the one that tells it, ``reason`` why it is settled, if known."""
    data = told.model_dump(mode="json", include={"finding", "verdict", "head_sha", "around", "mended"})
    return StoredFinding(
        fingerprint=told.fingerprint,
        repository=repository,
        number=number,
        task=told.task,
        rule=rule_of(told.finding),
        state=told.state,
        comment=comment,
        reason=reason,
        data=data,
    )


def from_row(row: StoredFinding) -> ReportedFinding:
    """The finding of a row."""
    return ReportedFinding(fingerprint=row.fingerprint, task=row.task, state=row.state, **row.data)


# --- what is not said again ----------------------------------------------------------------------------------


def find_suppressions(
    memory: Memory, findings: Sequence[Finding], rejected: Collection[str] = ()
) -> tuple[Suppression | None, ...]:
    """For each finding of a head why it is not said again, None where it is new.

    The findings, and what was told, are as that head has them (:func:`bot.pulls.fingerprints.relocate`).
    ``rejected`` are fingerprints that a command rejected anywhere in the repository.
    """
    told = [(one, identify(one.finding)) for one in memory.told if one.state != "fixed"]
    voices = list(_voices(memory))
    others = (one for one in memory.comments if one.author_id != memory.bot_id and one.author != memory.author)
    comments = [(one, _loose(one)) for one in others]
    return tuple(
        Suppression(reason="rejected", fingerprint=name)
        if (name := fingerprint(finding)) in rejected
        else _known(finding, told, voices, comments)
        for finding in findings
    )


@dataclass(frozen=True)
class _Voice:
    """A thread, with who said what in it."""

    thread: Thread
    said: tuple[tuple[str, tuple[Wording, ...]], ...]


def _known(
    finding: Finding,
    told: Iterable[tuple[ReportedFinding, Identity]],
    voices: Iterable[_Voice],
    comments: Iterable[tuple[IssueComment, tuple[Wording, ...]]],
) -> Suppression | None:
    identity = identify(finding)
    ours = next((one for one, other in told if is_same_finding(other, identity)), None)
    if ours is not None:
        reason: Literal["told", "rejected"] = "told" if ours.state in UNSETTLED else "rejected"
        return Suppression(reason=reason, fingerprint=ours.fingerprint)
    by = next((who for voice in voices if (who := _says(voice, finding, identity)) is not None), None)
    if by is not None:
        return Suppression(reason="thread", by=by)
    by = next((one.author for one, loose in comments if _mentions(one, loose, finding, identity)), None)
    return None if by is None else Suppression(reason="conversation", by=by)


def _voices(memory: Memory) -> Iterator[_Voice]:
    """The threads that may say something already: not those that tell what we know to be fixed."""
    fixed = {one.fingerprint for one in memory.told if one.state == "fixed"}
    for thread in memory.threads:
        if finding_of(thread, memory.bot_id) not in fixed:
            # An outsider must not be able to silence us about a change of their own.
            heard = (one for one in thread.comments if one.author != memory.author or one.association in _TEAM)
            said = [(one.author, read_wordings(without_markers(one.body))) for one in heard]
            yield _Voice(thread, tuple(said))


def _says(voice: _Voice, finding: Finding, identity: Identity) -> str | None:
    """Who says this in the thread: near its line in similar words, or somewhere in the file in very similar ones."""
    thread = voice.thread
    if thread.path != finding.path or (thread.side == "LEFT") is not finding.removed:
        return None
    needed = FAR
    if thread.line is not None and finding.line is not None:
        first, last = finding.line, finding.line + finding.quote.count("\n")
        gap = max((thread.start_line or thread.line) - last, first - thread.line, 0)
        # A rule speaks in the same words wherever it is broken.
        if gap > (_REACH if finding.source == "model" else 0):
            return None
        needed = NEAR
    return next((who for who, said in voice.said if measure_similarity(said, identity.wordings) >= needed), None)


def _loose(comment: IssueComment) -> tuple[Wording, ...]:
    """Comments of the conversation are compared by paragraph: a long one holds every word."""
    return tuple(wording for piece in split_paragraphs(comment.body) for wording in read_wordings(piece)[:1])


def _mentions(comment: IssueComment, loose: Iterable[Wording], finding: Finding, identity: Identity) -> bool:
    """Whether a comment names the place and says the same in one of its paragraphs."""
    names = [finding.path.rpartition("/")[2], finding.symbol.rpartition(".")[2]]
    if not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", comment.body) for name in names if len(name) > 2):
        return False
    return any(
        measure_similarity([wording], [mine]) >= ALONE and len(wording & mine) >= _COMMON
        for wording in loose
        for mine in identity.wordings
    )


# --- what somebody disputed ----------------------------------------------------------------------------------


def find_objections(thread: Thread) -> Iterator[tuple[str, str]]:
    """Who rejects our finding, and how: in words below it, or by a thumb down. Anybody may; not everybody counts."""
    first, *answers = thread.comments
    for answer in answers:
        if not answer.is_bot and _rejects(answer):
            yield answer.author, f"{answer.author}: {' '.join(answer.body.split())[:300]}"
    for login in first.dislikers:
        yield login, f"{login}: thumbs down"


def find_dispute(thread: Thread, deciders: Collection[str]) -> str | None:
    """By which of the ``deciders``, and how, our finding is rejected."""
    return next((how for who, how in find_objections(thread) if who in deciders), None)


def settle_by_thread(checked: FindingStatus, memory: Memory) -> FindingStatus:
    """The same with what people did about it: disputed in words, resolved without a change, or fixed and resolved."""
    thread = memory.thread_of(checked.told.fingerprint)
    if thread is None:
        return checked
    reason = find_dispute(thread, memory.deciders)
    state: State | None = "disputed" if reason else None
    if reason is None and thread.resolved:
        state = "disputed" if checked.standing == "stands" and not _said_fixed(thread, memory.bot_id) else "fixed"
        reason = f"resolved by {thread.resolved_by or 'ghost'}"
    if state is None:
        return checked
    return checked.model_copy(update={"told": checked.told.model_copy(update={"state": state}), "why": reason})


def detect_regression(told: ReportedFinding, memory: Memory, texts: Mapping[str, str]) -> FindingStatus | None:
    """Return a fixed finding as open again, or ``doubtful``, where its code stands there again; else None.

    What people reject stays rejected. Parses: call it in a thread.
    """
    thread = memory.thread_of(told.fingerprint)
    if thread is not None and find_dispute(thread, memory.deciders):
        return None
    state: State = "open" if thread is not None else "folded"
    checked = check_finding(told.model_copy(update={"state": state}), texts)
    if checked.standing == "stands":
        return checked
    text = texts.get(checked.told.finding.path)
    if checked.standing == "gone" or text is None:
        return None
    there = told.finding.removed or is_unchanged(told.finding, relocate(told.finding, text))
    return checked if there and read_surroundings(checked.told.finding, text)[0] != told.mended else None


def mark_fixed(told: ReportedFinding, head_sha: str, text: str | None) -> ReportedFinding:
    """Return the finding as fixed at a head; ``text`` is its file there. Parses: call it in a thread."""
    now = relocate(told.finding, text) if text is not None else None
    around = "" if text is None else read_surroundings(now or told.finding, text)[0]
    return told.model_copy(update={"state": "fixed", "head_sha": head_sha, "mended": around})


def _said_fixed(thread: Thread, bot_id: int) -> bool:
    """Whether the last that we said of it in the thread is that it is fixed."""
    mine = (one for one in thread.comments if one.author_id == bot_id)
    parts = [mark.part for one in mine for mark in markers_in(one.body) if mark.part.startswith((_FIXED, _BACK))]
    return bool(parts) and parts[-1].startswith(_FIXED)


def _rejects(comment: ThreadComment) -> bool:
    quoted = "\n".join(line for line in comment.body.split("\n") if not line.lstrip().startswith(">"))
    sentences = (match[0] for match in _SENTENCE.finditer("\n\n".join(split_paragraphs(quoted))))
    return any(_REJECTS.search(sentence) for sentence in sentences if not sentence.endswith("?"))


# --- what became of ours on a new head -----------------------------------------------------------------------


def check_finding(told: ReportedFinding, texts: Mapping[str, str]) -> FindingStatus:
    """How a finding stands where ``texts`` are the files of the change at the new head. Parses: call it in a thread.

    Where its file is gone, its code may have moved to another file of the change.
    """
    old = told.finding
    if old.removed:
        return _check_removed(told, texts.get(old.path))
    found = [moved for path in _paths(old, texts) if (moved := _moved(old, path, texts[path])) is not None]
    new = next((one for one in found if is_unchanged(old, one)), found[0] if found else None)
    if new is None:
        return _check_changed(told, texts.get(old.path))
    around, now = read_surroundings(new, texts[new.path])
    brought = told.model_copy(update={"finding": new})
    if is_unchanged(old, new) and around == told.around:
        return FindingStatus(told=brought, standing="stands")
    # The old lines stay what is remembered until somebody has looked.
    kept = brought if is_unchanged(old, new) else told
    return FindingStatus(told=kept, standing="doubtful", now=now)


def decide_final_state(told: ReportedFinding, texts: Mapping[str, str]) -> State:
    """How a finding that nobody settled ended with the merge: fixed, where its lines are not what they were."""
    old = told.finding
    if old.removed:
        return "fixed" if check_finding(told, texts).standing == "doubtful" else "ignored"
    still = any(is_unchanged(old, _moved(old, path, texts[path])) for path in _paths(old, texts))
    return "ignored" if still else "fixed"


def read_surroundings(finding: Finding, text: str) -> tuple[str, str]:
    """Digest and text of the definition around a finding, or of the lines near it where there is none."""
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


def _paths(finding: Finding, texts: Mapping[str, str]) -> list[str]:
    if finding.path in texts:
        return [finding.path]
    suffix = finding.path.rpartition(".")[2]
    return [path for path in texts if path.rpartition(".")[2] == suffix]


def _moved(finding: Finding, path: str, text: str) -> Finding | None:
    return relocate(finding.model_copy(update={"path": path}), text)


def _check_removed(told: ReportedFinding, text: str | None) -> FindingStatus:
    """About removed code: what was done about it shows in what is around the place."""
    if text is None:
        return FindingStatus(told=told, standing="stands")
    around, now = read_surroundings(told.finding, text)
    return FindingStatus(told=told, standing="stands" if around == told.around else "doubtful", now=now)


def _check_changed(told: ReportedFinding, text: str | None) -> FindingStatus:
    """The lines are nowhere: gone for sure only with their file, or with their definition and all that is like them."""
    finding = told.finding
    if text is None:
        return FindingStatus(told=told, standing="gone")
    symbols = {symbol_of(one) for one in read_definitions(text, finding.path)}
    if finding.symbol and finding.symbol not in symbols and not _like(finding, text):
        return FindingStatus(told=told, standing="gone")
    around, now = read_surroundings(finding, text)
    # Somebody has looked at this very code since the lines went.
    return FindingStatus(told=told, standing="stands" if around == told.around else "doubtful", now=now)


def _like(finding: Finding, text: str) -> bool:
    """Whether any line of the text is like one of the finding's."""
    quoted = [_tokens(line, finding.path) for line in finding.quote.split("\n")]
    lines = [_tokens(line, finding.path) for line in text.split("\n")]
    return measure_similarity([each for each in quoted if each], [each for each in lines if each]) >= _ALIKE_LINES


def _tokens(line: str, path: str) -> Wording:
    return frozenset(normalise(line, path).split(" ")) - {""}
