"""Blobs by hash, and the artifacts of tasks that name them. Every function takes an open transaction."""

from __future__ import annotations

import hashlib
from typing import Any

import sqlalchemy as sa

from bot.store.database import StoreError, now_ms
from bot.store.tables import artifact, blob
from bot.store.upsert import insert
from bot.types import JsonModel


class Artifact(JsonModel):
    """Something a task made: a patch, test, document, finding, plan, snapshot or transcript. ``blob`` is its hash."""

    task: str
    kind: str
    name: str
    blob: str
    model: str | None = None
    scores: dict[str, Any] | None = None
    created: int


def put(connection: sa.Connection, data: bytes) -> str:
    """Store bytes once; returns their SHA-256 in hex."""
    digest = hashlib.sha256(data).hexdigest()
    connection.execute(insert(connection, blob).values(hash=digest, data=data).on_conflict_do_nothing())
    return digest


def read(connection: sa.Connection, digest: str) -> bytes:
    """The bytes of a blob; raises :class:`StoreError` where there is none."""
    data = connection.execute(sa.select(blob.c.data).where(blob.c.hash == digest)).scalar_one_or_none()
    if data is None:
        raise StoreError(f"There is no blob {digest}: it was removed, or this is another database.", hash=digest)
    return bytes(data)


def keep(
    connection: sa.Connection,
    task_id: str,
    kind: str,
    name: str,
    data: bytes,
    *,
    model: str | None = None,
    scores: dict[str, Any] | None = None,
) -> str:
    """Store an artifact, over the one of the same task, kind and name; returns the blob's hash."""
    digest = put(connection, data)
    values = {"blob": digest, "model": model, "scores": scores, "created": now_ms()}
    row = insert(connection, artifact).values(task=task_id, kind=kind, name=name, **values)
    key = [artifact.c.task, artifact.c.kind, artifact.c.name]
    connection.execute(row.on_conflict_do_update(index_elements=key, set_=values))
    return digest


def artifacts(connection: sa.Connection, task_id: str, kind: str | None = None) -> list[Artifact]:
    """The task's artifacts in the order they were first made."""
    query = sa.select(artifact).where(artifact.c.task == task_id).order_by(artifact.c.id)
    if kind is not None:
        query = query.where(artifact.c.kind == kind)
    return [Artifact.model_validate(dict(row._mapping)) for row in connection.execute(query)]
