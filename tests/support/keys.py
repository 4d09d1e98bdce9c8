"""The RSA keys that a test is about: making one costs more than all else a hub needs to start."""

from __future__ import annotations

from functools import cache

from simhub.appkeys import new_key_pair


@cache
def key_pair() -> tuple[str, str]:
    """Return the App's private and public key, the same in all tests of this process, in PEM form."""
    return new_key_pair()


@cache
def issuer_key_pair() -> tuple[str, str]:
    """Return the keys of the issuer of Actions' tokens, likewise."""
    return new_key_pair()
