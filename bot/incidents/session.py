"""Hold the rows of one transaction about a repository's incidents: each is read once and written once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.incidents.records import SUBJECTS
from bot.signals.records import Signal
from bot.store import incidents
from bot.store.incidents import AT_ONCE, Incident, IncidentEvent, IncidentKind, Trouble
from bot.types import Repository

_LONGEST_KEY = 200


@dataclass
class Session:
    """The rows that a transaction has touched."""

    connection: sa.Connection
    repository: Repository
    now: int
    troubles: dict[str, Trouble] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    _named: set[tuple[str, str]] = field(default_factory=set)
    _events: list[IncidentEvent] = field(default_factory=list)

    def load(self, signals: Sequence[Signal]) -> None:
        """Read what is known of the signals' troubles."""
        keys = {shorten(signal.incident_key) for signal in signals}
        self.troubles = incidents.find_troubles(self.connection, self.repository.id, keys)

    def store(self) -> list[str]:
        """Write everything down; return the incidents that are to be looked at."""
        incidents.save_troubles(self.connection, (self.troubles[key] for key in sorted(self.changed)))
        for one in self.incidents.values():
            incidents.save(self.connection, one)
        incidents.add_events(self.connection, self._events)
        return [one.id for one in self.incidents.values() if one.due is not None]

    def find(self, incident_id: str | None) -> Incident | None:
        """Return an incident as it stands, if there is one."""
        if incident_id is not None and incident_id not in self.incidents:
            found = incidents.get(self.connection, incident_id)
            if found is not None:
                self.incidents[incident_id] = found
        return self.incidents.get(incident_id or "")

    def find_joined(self, signal: Signal) -> Incident | None:
        """Return the open incident that has a name of the signal's trouble."""
        return self.find(incidents.find_joined(self.connection, self.repository.id, _names_of(signal)))

    def add(self, kind: IncidentKind, key: str, signal: Signal, started: int, **more: Any) -> Incident:
        """Open an incident of a signal; ``more`` are fields that differ from it."""
        name = f"{self.repository.id} {key} {signal.state_key} {self.now}"
        kept = signal.model_dump(mode="json", include={"text", "frames", "links", "labels", "source", "delivery"})
        fields: dict[str, Any] = {
            "title": signal.title,
            "severity": signal.severity,
            "service": signal.service,
            "environment": signal.environment,
            "branch": signal.branch,
            "bad_sha": signal.sha,
        }
        one = Incident(
            id=hashlib.sha256(name.encode()).hexdigest()[:12],
            repository=self.repository.id,
            place=self.repository,
            key=key,
            open_key=incidents.open_key(self.repository.id, key),
            kind=kind,
            opened=self.now,
            first=started,
            last=self.now,
            data={"signal": kept},
            **(fields | more),
        )
        # At once: the next signal of this transaction may belong to it, by another name.
        incidents.save(self.connection, one)
        self.incidents[one.id] = one
        told = {"source": signal.source, "kind": signal.kind, "title": one.title, "sha": one.bad_sha}
        self.note(one.id, "opened", told | {"started": started})
        return one

    def change(self, incident_id: str, **fields: Any) -> Incident:
        """Change fields of an incident that was found."""
        self.incidents[incident_id] = self.incidents[incident_id].model_copy(update=fields)
        return self.incidents[incident_id]

    def put(self, one: Trouble) -> None:
        """Change a trouble."""
        self.troubles[one.key] = one
        self.changed.add(one.key)

    def make_trouble(self, signal: Signal) -> Trouble:
        """Make a trouble of the first that is heard of it."""
        return Trouble(
            repository=self.repository.id,
            key=shorten(signal.incident_key),
            kind=SUBJECTS[signal.kind],
            title=signal.title,
            service=signal.service,
            environment=signal.environment,
            branch=signal.branch,
        )

    def name(self, incident_id: str, signal: Signal) -> None:
        """Have the names of a signal's trouble lead to an incident."""
        new = [name for name in _names_of(signal) if (incident_id, name) not in self._named]
        incidents.add_names(self.connection, self.repository.id, incident_id, new)
        self._named |= {(incident_id, name) for name in new}

    def note(self, incident_id: str, kind: str, data: Mapping[str, Any]) -> None:
        """Add to an incident's timeline."""
        self._events.append(incidents.make_event(incident_id, kind, data, self.now))

    def call(self, incident_id: str, pause: int) -> None:
        """Have an incident looked at: at once, or a while after the last time."""
        one = self.incidents[incident_id]
        passed = one.passed or 0
        when = passed + pause if passed <= self.now < passed + pause else AT_ONCE
        self.change(incident_id, due=when if one.due is None else min(one.due, when))


def _names_of(signal: Signal) -> Collection[str]:
    """Return the names that a signal gives to its trouble."""
    return [shorten(name) for name in dict.fromkeys((signal.incident_key, *signal.joins))]


def shorten(key: str) -> str:
    """Return a key that every database can index, the same for the same text."""
    clean = key.replace("\x00", "")
    if len(clean) <= _LONGEST_KEY:
        return clean
    return f"{clean[: _LONGEST_KEY - 33]} {hashlib.sha256(clean.encode()).hexdigest()[:32]}"
