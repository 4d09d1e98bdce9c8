"""Report the sources of signals."""

from __future__ import annotations

from pydantic import Field

from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, maybe_moment, moment
from bot.doors.api.operation import Operations
from bot.store import sources
from bot.types import JsonModel, SourceKind

operations = Operations("signals")


class SourceView(JsonModel):
    """A source of signals, without its address and secrets."""

    id: str
    kind: SourceKind
    name: str
    repository: str
    secrets: int = Field(ge=0, description="how many it may prove itself with; none until one is set")
    created_at: Moment
    seen_at: Moment | None = Field(description="when it was last heard, to the minute")


class SourceList(JsonModel):
    """All sources, oldest first."""

    items: tuple[SourceView, ...]


@operations.add("GET", "/signal-sources", scope="admin")
async def list_sources(context: Context) -> SourceList:
    """List the sources of signals."""
    found = await context.services.store.read(sources.list_live)
    return SourceList(
        items=tuple(
            SourceView(
                id=one.id,
                kind=one.kind,
                name=one.name,
                repository=one.repository.full_name,
                secrets=len(one.secrets),
                created_at=moment(one.created),
                seen_at=maybe_moment(one.seen),
            )
            for one in found
        )
    )
