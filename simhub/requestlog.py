"""Log the requests the hub was sent: tests count calls and read permissions off it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RequestRecord:
    """``kind`` is anonymous, user, installation, app or git; ``permissions`` those of the installation token.

    ``route`` is the endpoint's template (git: the service), ``body`` the JSON sent, ``faulted`` whether a fault was
    played on this request, ``query`` its query string.
    """

    method: str
    path: str
    status: int
    kind: str
    login: str
    seconds: float
    permissions: dict[str, str] = field(default_factory=dict)
    route: str = ""
    body: object = None
    faulted: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    request: str = ""  # its id, as the answer's header has it


Observer = Callable[[RequestRecord, object], None]
