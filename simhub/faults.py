"""Failures on demand: refusals, broken and slow answers, errors after the effect."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any


@dataclass
class Fault:
    """A fault of the next ``times`` matching requests (-1: for ever).

    ``path`` is an fnmatch pattern over the path below the API root (git: /OWNER/REPO.git/...). ``status`` 0 keeps the
    real answer. ``after`` lets the effect happen first. ``delay`` in seconds, ``slow`` too: so long the body takes.
    ``reset`` breaks the connection in the middle of the body, ``malformed`` cuts the JSON. With ``spares_people`` it
    meets Apps only.
    """

    path: str = "*"
    method: str = "*"
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    after: bool = False
    delay: float = 0.0
    slow: float = 0.0
    reset: bool = False
    malformed: bool = False
    spares_people: bool = False

    def answer_body(self) -> Any:
        if self.body is not None:
            return self.body
        message = "Server Error" if self.status >= 500 else "You have exceeded a secondary rate limit."
        return {"message": message, "documentation_url": "https://docs.github.com/rest"}


class Faults:
    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.pending.append(fault)
        return fault

    def clear(self) -> None:
        self.pending.clear()

    def take(self, method: str, path: str, *, by_person: bool = False) -> Fault | None:
        """Return the first fault that applies to this request, and count it."""
        for fault in self.pending:
            if fault.spares_people and by_person:
                continue
            if fault.times and fnmatch(method, fault.method) and fnmatch(path, fault.path):
                fault.times -= 1
                return fault
        return None
