"""Make one incident of several jobs that failed before anything of their own ran: it was the machines."""

from __future__ import annotations

from bot.incidents.records import GATHERED
from bot.incidents.session import Session
from bot.signals.github import strip_matrix
from bot.signals.records import Signal
from bot.store import incidents
from bot.store.incidents import Incident, IncidentKind, Trouble

OUTAGE_JOBS = 3
"""Unrelated jobs that do not even begin; so many at once are one outage."""
_KEY: IncidentKind = "infrastructure"


def is_setup(signal: Signal) -> bool:
    """Return whether a job failed before anything of its own ran.

    Only GitHub is believed that: others' labels are anybody's words.
    """
    return signal.source == "github" and signal.kind == "ci_failed" and signal.labels.get("setup") == "true"


def look_for_outage(session: Session, signal: Signal, since: int) -> str | None:
    """Return the outage that this is, with its jobs in it, else None."""
    stored = incidents.list_setups(session.connection, session.repository.id, since)
    here = {one.key: one for one in stored} | {key: session.troubles[key] for key in session.changed}
    hit = [one for one in here.values() if one.setup and one.firing and one.last >= since]
    if len({strip_matrix(one.key) for one in hit}) < OUTAGE_JOBS:
        return None
    outage = _find_outage(session, signal, min(one.since for one in hit))
    for one in hit:
        before = session.find(one.incident)
        if before is None or before.id == outage.id:
            continue
        session.put(one.model_copy(update={"incident": outage.id}))
        session.note(outage.id, "joined", {"title": one.title, "sha": one.bad_sha, "source": "github"})
        if before.kind not in GATHERED:
            _merge(session, before, outage)
    return outage.id


def _find_outage(session: Session, signal: Signal, started: int) -> Incident:
    """Return the open outage of the repository, or a new one."""
    found = incidents.find_open(session.connection, session.repository.id, _KEY)
    known = session.find(found.id) if found is not None else None
    if known is not None:
        return known
    cleared = {"branch": "", "bad_sha": "", "title": "Jobs fail before they begin"}
    return session.add(_KEY, _KEY, signal, started, cause=_KEY, count=1, **cleared)


def _merge(session: Session, before: Incident, into: Incident) -> None:
    """End an incident whose troubles all belong to a larger one."""
    stored = {one.key: one for one in incidents.list_troubles(session.connection, before.id)}
    left: list[Trouble] = [session.troubles.get(key, one) for key, one in stored.items()]
    if any(one.incident == before.id and one.firing for one in left):
        return
    data = before.data | {"merged": into.id}
    session.change(before.id, state="closed", open_key=None, closed=session.now, data=data)
    session.note(before.id, "merged", {"into": into.id})
    session.call(before.id, 0)
