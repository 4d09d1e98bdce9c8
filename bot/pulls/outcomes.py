"""Decide what became of our findings (pure): by people's words, then by the code of a new head."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from bot.github.resources.threads import Thread
from bot.github.text.markers import without_markers
from bot.pulls.fingerprints import is_unchanged, normalise, read_definitions, read_surroundings, relocate, symbol_of
from bot.pulls.memory import Memory, ReportedFinding, says_fixed
from bot.pulls.records import Finding
from bot.pulls.replies import read_stance
from bot.pulls.similarity import Wording, measure_similarity
from bot.store.findings import UNSETTLED, State
from bot.types import JsonModel

# Share of tokens that a changed line has in common with the quoted one to be taken for its successor.
_ALIKE_LINES = 0.6

Standing = Literal["stands", "doubtful", "gone"]


class FindingStatus(JsonModel):
    """State of one of our findings on a new head."""

    told: ReportedFinding
    standing: Standing  # its code ``stands`` as it was, may be fixed (``doubtful``), or is ``gone``
    now: str = ""  # the code to look at where it is doubtful
    why: str = ""  # how people settled it

    @property
    def open(self) -> bool:
        """Return whether it is still unsettled."""
        return self.told.state in UNSETTLED


def find_objections(thread: Thread) -> Iterator[tuple[str, str]]:
    """Yield who rejects our finding, and how: in a reply or by a thumbs down.

    Everybody is listed; :func:`find_dispute` decides whose objection counts. The last clear statement of each person
    counts.
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
    """Reopen a finding that nobody whose word counts rejects any more."""

    def look(one: ReportedFinding) -> ReportedFinding:
        thread = memory.thread_of(one.fingerprint) if one.state == "disputed" else None
        if thread is None or thread.resolved or find_dispute(thread, memory.deciders):
            return one
        return one.model_copy(update={"state": "open"})

    return memory.model_copy(update={"told": tuple(look(one) for one in memory.told)})


def settle_by_thread(checked: FindingStatus, memory: Memory) -> FindingStatus:
    """Apply to a status what people said or resolved in its thread."""
    thread = memory.thread_of(checked.told.fingerprint)
    if thread is None:
        return checked
    reason = find_dispute(thread, memory.deciders)
    state: State | None = "disputed" if reason else None
    if reason is None and thread.resolved:
        state = "disputed" if checked.standing == "stands" and not says_fixed(thread, memory.bot_id) else "fixed"
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
    """Mark as fixed at a head; ``text`` (None: gone) is parsed: use a thread."""
    now = relocate(reported.finding, text) if text is not None else None
    around = "" if text is None else read_surroundings(now or reported.finding, text)[0]
    return reported.model_copy(update={"state": "fixed", "head_sha": head_sha, "mended": around})


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
    """Decide how one ended: ``fixed`` where lines changed, else ``ignored``."""
    old = reported.finding
    if old.removed:
        return "fixed" if check_finding(reported, texts).standing == "doubtful" else "ignored"
    still = any(is_unchanged(old, _relocate_in(old, path, texts[path])) for path in _candidate_paths(old, texts))
    return "ignored" if still else "fixed"


def _candidate_paths(finding: Finding, texts: Mapping[str, str]) -> list[str]:
    """Return the finding's path, or files of the same kind if it is gone."""
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

    It is surely gone only if its file is, or its definition and all lines that resemble its own.
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
