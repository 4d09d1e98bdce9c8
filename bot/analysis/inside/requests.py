"""Stand in for requests, which takes longer to import than a scan takes.

detect-secrets asks issuers with it whether a secret is valid. Here it finds secrets only, and has no network.
"""

from __future__ import annotations

from types import SimpleNamespace


class Response:
    """Nobody answers."""


exceptions = SimpleNamespace(RequestException=OSError)
