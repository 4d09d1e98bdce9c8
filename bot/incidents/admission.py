"""Say which incident a signal belongs to, and bound what a storm of them can open.

All of one repository's signals are admitted in turn, in a transaction each: one trouble is one incident, whatever comes
how often through how many processes. The same news never counts twice, by its state key.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.incidents.outage import is_setup, look_for_outage
from bot.incidents.records import BAD, GATHERED, MINUTE, OLD, RECURS, SUBJECTS
from bot.incidents.session import Session, shorten
from bot.signals.records import Signal
from bot.store import incidents, lessons
from bot.store.incidents import Incident, Trouble
from bot.types import Repository

STORM_WINDOW = 10 * MINUTE
STORM_MOST = 5
"""New incidents of a repository within the window; what comes beyond is one storm."""
PAUSE = 30_000
REPEATS_PAUSE = 5 * MINUTE
_LISTED = 200  # what one incident lists by name; beyond that it only counts
_FUTURE = 5 * MINUTE
_ALERTS = 1_000  # of one trouble that are told apart


def admit(connection: sa.Connection, repository: Repository, signals: Sequence[Signal], now: int) -> list[str]:
    """Take signals in; return the incidents that are to be looked at."""
    incidents.lock(connection, repository.id)
    news = {shorten(signal.state_key): signal for signal in reversed(signals)}
    new = incidents.mark_seen(connection, repository.id, list(news), now)
    fresh = [signal for key, signal in reversed(news.items()) if key in new]
    session = Session(connection, repository, now)
    session.load(fresh)
    for signal in fresh:
        if signal.kind in BAD:
            _take_bad(session, signal)
        else:
            _take_good(session, signal)
    return session.store()


def _take_good(session: Session, signal: Signal) -> None:
    """Note good news; nothing is closed by it before somebody has looked."""
    known = session.troubles.get(shorten(signal.incident_key))
    one = session.find(known.incident) if known is not None else None
    started = _read_start(signal, session.now)
    left = _drop_alert(known, signal)
    if known is not None and left:
        session.put(known.model_copy(update={"alerts": left}))
        return
    told = {"firing": False, "alerts": (), "good": started} | ({"good_sha": signal.sha} if signal.sha else {})
    if known is None or one is None or one.open_key is None:
        # The last good commit is where the range of suspects will begin.
        if signal.sha:
            session.put((known or session.make_trouble(signal)).model_copy(update=told))
    else:
        session.put(known.model_copy(update=told | {"green": None}))
        news = {"title": signal.title, "kind": signal.kind, "sha": signal.sha, "source": signal.source}
        session.note(one.id, "resolved", news)
        session.call(one.id, PAUSE)
    if signal.kind == "deploy_succeeded":
        _tell_deployed(session, signal)


def _add_alert(trouble: Trouble, signal: Signal) -> tuple[str, ...]:
    """Return the alerts of a trouble that fire, with this one."""
    alert = signal.labels.get("alert")
    return trouble.alerts if alert is None else tuple(dict.fromkeys((*trouble.alerts, alert)))[-_ALERTS:]


def _drop_alert(trouble: Trouble | None, signal: Signal) -> tuple[str, ...]:
    """Return the alerts of a trouble that fire without this one."""
    alert = signal.labels.get("alert")
    if trouble is None or alert is None:
        return ()
    return tuple(each for each in trouble.alerts if each != alert)


def _tell_deployed(session: Session, signal: Signal) -> None:
    """Note a deployment in the incidents of what runs there."""
    for found in incidents.list_in_environment(session.connection, session.repository.id, signal.environment):
        if found.kind in {"alert", "error"} and (one := session.find(found.id)) is not None:
            session.note(one.id, "deployed", {"environment": signal.environment, "sha": signal.sha})
            session.call(one.id, PAUSE)


def _take_bad(session: Session, signal: Signal) -> None:
    """Count bad news in its incident, which may be a new one."""
    started = _read_start(signal, session.now)
    known = session.troubles.get(shorten(signal.incident_key))
    one = _find(session, known, signal)
    fresh = known is None or one is None or known.incident != one.id
    if one is None:
        one = _open(session, known, signal, started)
    elif one.open_key is None:
        one = _reopen(session, one, known, signal, started)
    trouble = known or session.make_trouble(signal)
    begins = fresh or not trouble.firing
    if not fresh or one.kind not in GATHERED or one.data.get("listed", 0) < _LISTED:
        count = 1 if fresh else trouble.count + 1
        update = {"incident": one.id, "firing": True, "green": None, "last": session.now, "count": count}
        update |= {"title": signal.title, "setup": is_setup(signal), "alerts": _add_alert(trouble, signal)}
        update |= {"since": started, "bad_sha": signal.sha} if begins else {}
        session.put(trouble.model_copy(update=update))
    _count(session, one, signal, fresh=fresh, begins=begins, started=started)
    if is_setup(signal):
        outage = look_for_outage(session, signal, since=session.now - STORM_WINDOW)
        if outage is not None:
            session.call(outage, PAUSE)


def _count(session: Session, one: Incident, signal: Signal, *, fresh: bool, begins: bool, started: int) -> None:
    data = one.data | {"listed": one.data.get("listed", 0) + int(fresh)}
    if session.now - started <= OLD:
        data["fresh"] = True
    if signal.labels.get("check"):
        data["check"] = signal.labels["check"]  # the newest red job: its log says which test failed
    first = min(one.first, started)
    place = session.repository
    last = max(session.now, one.last + 1)  # newer than what was answered, also by a clock that was set back
    session.change(one.id, count=one.count + 1, last=last, data=data, first=first, place=place)
    session.name(one.id, signal)
    news = {"title": signal.title, "sha": signal.sha, "source": signal.source}
    if fresh and one.count and data["listed"] <= _LISTED:
        session.note(one.id, "joined", news)
    elif begins and one.count:
        session.note(one.id, "fired_again", news)
    session.call(one.id, PAUSE if fresh or begins else REPEATS_PAUSE)


def _find(session: Session, known: Trouble | None, signal: Signal) -> Incident | None:
    """Find the incident of a trouble: its own, or one with a name of it.

    One that was closed counts for a while; a storm or an outage that is over does not come back.
    """
    own = session.find(known.incident) if known is not None else None
    if own is not None and own.open_key is not None:
        return own
    joined = session.find_joined(signal)
    if joined is not None:
        return joined
    if own is None or own.closed is None or own.kind in GATHERED or "merged" in own.data:
        return None
    return own if session.now - own.closed <= RECURS else None


def _open(session: Session, known: Trouble | None, signal: Signal, started: int) -> Incident:
    """Open an incident, or the storm that stands for all beyond the first few."""
    repository = session.repository.id
    if incidents.count_opened(session.connection, repository, session.now - STORM_WINDOW) < STORM_MOST:
        good = known.good_sha if known is not None else ""
        return session.add(SUBJECTS[signal.kind], shorten(signal.incident_key), signal, started, good_sha=good)
    storm = incidents.find_open(session.connection, repository, "storm")
    found = session.find(storm.id) if storm is not None else None
    cleared = dict.fromkeys(("branch", "service", "environment", "bad_sha"), "")
    title = "Many things failed at once"
    return found or session.add("storm", "storm", signal, started, title=title, state="storm", **cleared)


def _reopen(session: Session, one: Incident, known: Trouble | None, signal: Signal, started: int) -> Incident:
    """Open an incident again whose trouble came back."""
    good = known.good_sha if known is not None else ""
    lessons.fail(session.connection, one.id)
    session.note(one.id, "reopened", {"source": signal.source, "sha": signal.sha, "title": signal.title})
    return session.change(
        one.id,
        state="open",
        open_key=incidents.open_key(session.repository.id, one.key),
        episode=one.episode + 1,
        first=started,
        closed=None,
        bad_sha=signal.sha,
        good_sha=good or one.good_sha,
        cause="unknown",
        severity=signal.severity,
        data={name: value for name, value in one.data.items() if name not in {"fresh", "test"}},
    )


def _read_start(signal: Signal, now: int) -> int:
    """Return when it began; what lies in the future begins now."""
    return now if signal.started > now + _FUTURE or signal.started <= 0 else min(signal.started, now)
