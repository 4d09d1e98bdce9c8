"""Measure one call of the ``cheap`` role on the first twenty files.

The bot's own question goes to a real model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.change.localization import RERANK_OUTPUT, RERANKED, rerank_question
from bot.change.records import Brief
from bot.context.index import Index
from bot.context.ranking import RankedFile
from bot.context.rerank import SCHEMA, apply_order, list_candidates
from bot.models.catalogue import Catalogue
from bot.models.client import SdkModel
from bot.models.gateway import ModelGateway
from bot.models.port import Reply, Spender
from bot.settings import load_settings
from bot.store.database import create_engine
from bot.store.store import Store

_AT_ONCE = 8
_DOLLARS = 20.0


@dataclass(frozen=True)
class RankedIssue:
    """One issue with its first files, and what a model is shown of them."""

    name: str
    brief: Brief
    ranking: tuple[RankedFile, ...]
    listed: str


def prepared(name: str, issue: str, index: Index) -> RankedIssue:
    title, _, body = issue.strip().partition("\n")
    ranking = index.rank(issue, RERANKED)
    brief = Brief(nonce="0" * 16, title=title, body=body, base_branch="main", base_sha=index.commit)
    return RankedIssue(name, brief, tuple(ranking), list_candidates(index, ranking))


async def orders(asked: Sequence[RankedIssue], folder: Path) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Return each issue's paths in the model's order; and the model, dollars in all, mean tokens of a request.

    Raises :class:`bot.models.port.ModelError` where the settings name no model that answers.
    """
    settings = load_settings(data_dir=folder)
    store = Store(create_engine(f"sqlite:///{folder / 'ledger.db'}"))
    await asyncio.to_thread(store.migrate)
    gateway = ModelGateway(store, settings, Catalogue(settings), SdkModel)
    gate = asyncio.Semaphore(_AT_ONCE)
    replies: list[Reply] = []

    async def order(one: RankedIssue) -> list[str]:
        spender = Spender(task=one.name, repository="bench/localize", max_task=_DOLLARS, max_day=_DOLLARS)
        question = rerank_question(one.brief, one.listed)
        async with gate:
            reply = await gateway.ask(spender, "rerank", "cheap", question, schema=SCHEMA, max_output=RERANK_OUTPUT)
        replies.append(reply)
        return [each.path for each in apply_order(one.ranking, reply.parsed)]

    try:
        found = await asyncio.gather(*(order(one) for one in asked))
    finally:
        store.close()
    cost = {
        "model": replies[0].model,
        "dollars": round(sum(reply.cost for reply in replies), 4),
        "input_tokens": round(sum(reply.usage.input for reply in replies) / len(replies)),
    }
    return {one.name: paths for one, paths in zip(asked, found, strict=True)}, cost
