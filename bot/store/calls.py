"""List the model calls of a task: what was asked of whom, and which key paid."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from bot.store.pages import Place, is_behind
from bot.store.tables import key, model_call
from bot.types import KeyScope


class CallRow(NamedTuple):
    """A call without what was asked and answered.

    ``micro_dollars`` None: it is not known what it cost. ``scope`` and ``owner_name`` are of the key's owner, None for
    the keys of the settings.
    """

    id: str
    created: int
    step: str
    role: str
    model: str
    state: str
    micro_dollars: int | None
    reserved: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    seconds: float | None
    key: str
    scope: KeyScope | None
    owner_name: str | None


def list_calls(connection: sa.Connection, task: str, after: Place | None, limit: int) -> list[CallRow]:
    """List the model calls of a task, newest first."""
    names = ("id", "created", "step", "role", "model", "state")
    columns = [*(model_call.c[name] for name in names), model_call.c.cost, model_call.c.reserved]
    columns += [model_call.c[f"{kind}_tokens"] for kind in ("input", "output", "cached")]
    columns += [model_call.c.seconds, model_call.c.key, key.c.scope, key.c.owner_name]
    joined = model_call.outerjoin(key, key.c.id == model_call.c.key)
    query = sa.select(*columns).select_from(joined).where(model_call.c.task == task)
    if after is not None:
        query = query.where(is_behind(model_call.c.created, model_call.c.id, after))
    rows = connection.execute(query.order_by(model_call.c.created.desc(), model_call.c.id.desc()).limit(limit))
    return [CallRow(*row) for row in rows]
