"""The RSA key of the App that a test is about: making one costs more than all else a hub needs to start."""

from __future__ import annotations

from functools import cache

from simhub.appkeys import new_key_pair


@cache
def key_pair() -> tuple[str, str]:
    """Return the one private and public key of this test process, in PEM form."""
    return new_key_pair()
