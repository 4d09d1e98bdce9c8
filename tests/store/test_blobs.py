"""Blobs by hash and the artifacts that name them, on both databases."""

from __future__ import annotations

import hashlib

import pytest
import sqlalchemy as sa

from bot.store import blobs
from bot.store.database import StoreError
from bot.store.store import Store
from bot.store.tables import blob

PATCH = b"--- a/x\n+++ b/x\n\x00\xff"


def test_the_same_bytes_are_stored_once(store: Store) -> None:
    hashes = {store.run_sync(lambda c: blobs.put(c, PATCH)) for _ in range(2)}
    assert hashes == {hashlib.sha256(PATCH).hexdigest()}
    assert store.run_sync(lambda c: c.execute(sa.select(sa.func.count()).select_from(blob)).scalar_one()) == 1
    assert store.run_sync(lambda c: blobs.read(c, hashes.pop())) == PATCH
    with pytest.raises(StoreError, match="no blob abc"):
        store.run_sync(lambda c: blobs.read(c, "abc"))


def test_an_artifact_made_again_takes_the_place_of_the_first(store: Store) -> None:
    store.run_sync(lambda c: blobs.keep(c, "t1", "patch", "final", b"first", model="m", scores={"passed": 3}))
    store.run_sync(lambda c: blobs.keep(c, "t1", "test", "proof", b"test"))
    digest = store.run_sync(lambda c: blobs.keep(c, "t1", "patch", "final", PATCH, scores={"passed": 4}))
    kept = store.run_sync(lambda c: blobs.artifacts(c, "t1"))
    assert [(one.kind, one.name, one.model, one.scores) for one in kept] == [
        ("patch", "final", None, {"passed": 4}),
        ("test", "proof", None, None),
    ]
    (patch,) = store.run_sync(lambda c: blobs.artifacts(c, "t1", "patch"))
    assert patch.blob == digest
    assert store.run_sync(lambda c: blobs.read(c, patch.blob)) == PATCH
    assert store.run_sync(lambda c: blobs.artifacts(c, "t2")) == []
