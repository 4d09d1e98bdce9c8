"""Snapshots of made-up repositories."""

from __future__ import annotations

from textwrap import dedent

from bot.documentation.snapshot import Snapshot


def snapshot(**files: str) -> Snapshot:
    """Make a snapshot; ``__`` in a keyword is a slash, the last ``_`` a dot."""
    texts = {}
    for key, text in files.items():
        stem, _, suffix = key.rpartition("_")
        texts[f"{stem.replace('__', '/')}.{suffix}"] = dedent(text).lstrip("\n")
    return of(texts)


def of(texts: dict[str, str]) -> Snapshot:
    return Snapshot(frozenset(texts), texts)
