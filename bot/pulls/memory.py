"""Remember what earlier reviews of a pull request reported, and what people said there (pure)."""

from __future__ import annotations

from bot.github.resources.issues import IssueComment
from bot.github.resources.threads import Thread
from bot.github.text.markers import Marker, markers_in
from bot.pulls.fingerprints import fingerprint, read_surroundings, rule_of
from bot.pulls.records import Finding, PlacedFinding, Verdict
from bot.store.findings import UNSETTLED, State, StoredFinding
from bot.types import JsonModel

_FINDING = "finding:"
_FIXED = "fixed:"
_BACK = "back:"


class ReportedFinding(JsonModel):
    """Finding reported in this pull request, at the head ``head_sha``."""

    fingerprint: str  # of its first report
    task: str
    finding: Finding
    verdict: Verdict | None = None  # its proof
    state: State
    head_sha: str
    around: str  # digest of the code around it when it was last known to hold
    mended: str = ""  # the same when it was found to be fixed


class Memory(JsonModel):
    """Findings, threads and comments that a pull request has so far."""

    bot_id: int
    author: str  # who opened it
    deciders: tuple[str, ...] = ()  # who may settle our findings: the author, and who objects and may write here
    told: tuple[ReportedFinding, ...] = ()
    threads: tuple[Thread, ...] = ()
    comments: tuple[IssueComment, ...] = ()

    def unsettled(self) -> tuple[ReportedFinding, ...]:
        """Return our findings that are neither fixed nor disputed yet."""
        return tuple(one for one in self.told if one.state in UNSETTLED)

    def watched(self) -> tuple[ReportedFinding, ...]:
        """Return our findings a push may change: unsettled, or their fix undone."""
        return tuple(one for one in self.told if one.state in UNSETTLED or one.state == "fixed")

    def thread_of(self, fingerprint: str) -> Thread | None:
        """Return the newest thread in which we reported a finding."""
        own = (thread for thread in reversed(self.threads) if finding_of(thread, self.bot_id) == fingerprint)
        return next(own, None)


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
    """Read the fingerprint in a comment; check first that it is ours."""
    parts = (each.part for each in markers_in(body))
    return next((part.removeprefix(_FINDING) for part in parts if part.startswith(_FINDING)), None)


def finding_of(thread: Thread, bot_id: int) -> str | None:
    """Return the fingerprint of the finding that one of our threads reports."""
    first = thread.comments[0] if thread.comments else None
    return fingerprint_in(first.body) if first is not None and first.author_id == bot_id else None


def says_fixed(thread: Thread, bot_id: int) -> bool:
    """Return whether our last reply about it says that it is fixed."""
    mine = (one for one in thread.comments if one.author_id == bot_id)
    parts = [mark.part for one in mine for mark in markers_in(one.body) if mark.part.startswith((_FIXED, _BACK))]
    return bool(parts) and parts[-1].startswith(_FIXED)


def report_finding(one: PlacedFinding, *, task: str, head_sha: str, text: str, folded: bool) -> ReportedFinding:
    """Make a reported finding's record. Parses ``text``: use a thread."""
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


def to_row(reported: ReportedFinding, *, comment: int | None = None, reason: str = "") -> StoredFinding:
    """Make a finding's row; ``comment`` reports it, ``reason`` settled it."""
    data = reported.model_dump(mode="json", include={"finding", "verdict", "head_sha", "around", "mended"})
    return StoredFinding(
        fingerprint=reported.fingerprint,
        task=reported.task,
        rule=rule_of(reported.finding),
        state=reported.state,
        comment=comment,
        reason=reason,
        data=data,
    )


def from_row(row: StoredFinding) -> ReportedFinding:
    """Read a row; TypeError or ValidationError for another version's."""
    return ReportedFinding(fingerprint=row.fingerprint, task=row.task, state=row.state, **row.data)
